package strictyaml

import "gopkg.in/yaml.v3"

// match tells for each element that is wanted which of the old ones it is, or
// -1: first an equal one, then one of the same identity, then, where neither has
// an identity and the list is as long as it was, the one in its place.
func match(was, want []*yaml.Node) []int {
	from := make([]int, len(want))
	for i := range from {
		from[i] = -1
	}
	taken := make([]bool, len(was))
	pass := func(fits func(i, j int) bool) {
		for i := range want {
			for j := 0; j < len(was) && from[i] < 0; j++ {
				if !taken[j] && fits(i, j) {
					from[i], taken[j] = j, true
				}
			}
		}
	}
	if len(was) == len(want) { // equal ones in their places before equal ones elsewhere
		pass(func(i, j int) bool { return i == j && equal(want[i], was[j]) })
	}
	pass(func(i, j int) bool { return equal(want[i], was[j]) })
	pass(func(i, j int) bool { id := identity(want[i]); return id != "" && id == identity(was[j]) })
	if len(was) == len(want) {
		pass(func(i, j int) bool {
			return i == j && want[i].Kind == was[j].Kind && identity(want[i]) == "" && identity(was[j]) == ""
		})
	}
	return from
}

// identity is what tells an element of a list from the others, empty where it
// has no key for that.
func identity(n *yaml.Node) string {
	for _, key := range []string{"id", "name"} {
		if v := valueOf(n, key); v != nil && v.Kind == yaml.ScalarNode {
			return key + "=" + v.Value
		}
	}
	return ""
}
