package ceph

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestOneAddressForEachMonitor(t *testing.T) {
	t.Parallel()
	const text = `{"mons": [
		{"public_addrs": {"addrvec": [{"type": "v1", "addr": "192.0.2.2:6789"}, {"type": "v2", "addr": "192.0.2.2:3300"}]}},
		{"public_addrs": {"addrvec": [{"type": "v2", "addr": "192.0.2.1:3300"}, {"type": "v1", "addr": "192.0.2.1:6789"}]}},
		{"public_addrs": {"addrvec": [{"type": "v1", "addr": "[2001:db8::1]:6789"}]}},
		{"public_addrs": {"addrvec": []}}]}`
	var m monMap
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	got, err := m.addresses()
	if want := "[192.0.2.1:3300 192.0.2.2:3300 [2001:db8::1]:6789]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v, want %s", got, err, want)
	}
	if _, err := (monMap{}).addresses(); err == nil {
		t.Error("a map without monitors was taken")
	}
}

func TestKeyIsInTheFirstKeyringThatIsThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	for path, text := range map[string]string{
		first:  "[client.admin]\n\tkey = AQA=\n\tcaps mon = \"allow *\"\n[client.b]\n\tkey = \"AQB=\"\n",
		second: "[client.c]\nkey=AQC=\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	both := filepath.Join(dir, "absent") + "," + first + ", " + second
	for _, test := range []struct{ paths, entity, want string }{
		{both, "client.admin", "AQA="},
		{both, "client.b", "AQB="},
		{second, "client.c", "AQC="},
		{both, "client.c", ""}, // librados doesn't look into the second either
		{filepath.Join(dir, "absent"), "client.admin", ""},
		{"", "client.admin", ""},
	} {
		key, err := keyIn(test.paths, test.entity)
		if string(key) != test.want || (err == nil) != (test.want != "") {
			t.Errorf("keyIn(%q, %q) = %q, %v, want %q", test.paths, test.entity, string(key), err, test.want)
		}
	}
}
