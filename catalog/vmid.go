package catalog

import (
	"spliced/rpc"
)

// maxVMID is the largest number of a VM: MAC addresses have room for it.
const maxVMID = 1<<16 - 1

// claimVMID finds a number for a VM: the asked one, or for 0 the lowest that no
// VM has. It stays claimed until releaseVMID.
func (c *Catalog) claimVMID(asked int) (int, error) {
	items, _, err := c.vms.All()
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := map[int]string{}
	for _, item := range items {
		taken[item.Value.VMID] = item.Name
	}
	switch {
	case asked < 0 || asked > maxVMID:
		return 0, rpc.Errorf(rpc.InvalidParams, "%d is no VM's number; 1 to %d are.", asked, maxVMID).WithField("vmid")
	case asked > 0 && taken[asked] != "":
		return 0, rpc.Errorf(rpc.Exists, "VM %q has the number %d.", taken[asked], asked).WithField("vmid").
			WithHint("Choose another number, or say none to get a free one.")
	case asked > 0 && c.vmids[asked]:
		return 0, rpc.Errorf(rpc.Busy, "a VM that is being made has the number %d.", asked).WithField("vmid")
	}
	for n := max(asked, 1); n <= maxVMID; n++ {
		if taken[n] == "" && !c.vmids[n] {
			c.vmids[n] = true
			return n, nil
		}
	}
	return 0, rpc.Errorf(rpc.Limit, "all %d numbers of VMs are taken.", maxVMID)
}

// releaseVMID gives a number back: the VM's record has it now, or nobody.
func (c *Catalog) releaseVMID(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.vmids, n)
}
