package block_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"spliced/block"
)

func TestSecretIsInNoMessage(t *testing.T) {
	t.Parallel()
	where := block.Location{RBD: &block.RBD{User: "spliced", Key: "AQB-plain"}}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", slog.Any("location", where), slog.Any("key", where.RBD.Key))
	texts := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		texts = append(texts, fmt.Sprintf(verb, *where.RBD), fmt.Sprintf(verb, where.RBD.Key))
	}
	for _, text := range texts {
		if strings.Contains(text, "plain") {
			t.Errorf("the key shows in %q", text)
		}
	}
}

func TestSecretIsInJSON(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(block.RBD{User: "spliced", Key: "AQB-plain"})
	var back block.RBD
	if err == nil {
		err = json.Unmarshal(data, &back)
	}
	if err != nil || back.Key != "AQB-plain" {
		t.Errorf("got %q from %s: %v", string(back.Key), data, err)
	}
}
