package ovf

// Limits of what a descriptor may list. They keep the time to read one in
// bounds, because some lists are searched from their start; the most that was
// seen of anything is a few hundred.
const (
	maxFiles          = 2048
	maxNetworks       = 1024
	maxConfigurations = 64
	maxSystems        = 256
	maxItems          = 4096 // of one system
	maxProducts       = 512  // of one system, or of the appliance
	maxProperties     = 8192 // in all
)

// full refuses one more of what there are as many as may be.
func full(n *node, have, most int, what string) error {
	if have < most {
		return nil
	}
	return refuseAt(TooLarge, n, "the descriptor has more than %d %s", most, what)
}
