package docs_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestRequestsOfConversationAreWhatMethodsTake holds the requests of the example
// against the methods' parameters. Answers are cut, so they aren't looked at.
func TestRequestsOfConversationAreWhatMethodsTake(t *testing.T) {
	methods := map[string]method{}
	for _, m := range discovered(t) {
		methods[m.Name] = m
	}
	count := 0
	for line := range strings.Lines(section(t, read(t, "PROTOCOL.md"), "A conversation")) {
		text, is := strings.CutPrefix(line, "→ ")
		if !is {
			continue
		}
		count++
		var request struct {
			Method string
			Params map[string]json.RawMessage
			FDs    int
		}
		if err := json.Unmarshal([]byte(text), &request); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		m, known := methods[request.Method]
		if !known || request.FDs < m.FDs.Min || request.FDs > m.FDs.Max {
			t.Errorf("there is no method %q for %d descriptors", request.Method, request.FDs)
		}
		for _, p := range m.Params {
			if _, given := request.Params[p.Name]; p.Required && !given {
				t.Errorf("%s is called without %s", m.Name, p.Name)
			}
			delete(request.Params, p.Name)
		}
		for name := range request.Params {
			t.Errorf("%s has no parameter %s", m.Name, name)
		}
	}
	if count == 0 {
		t.Error("the conversation has no requests")
	}
}
