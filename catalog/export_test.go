package catalog

import "spliced/api"

// Remove starts the removal that an intent asks for, as one does that read the
// record a while ago.
func (c *Catalog) Remove(in Intent, by Caller) (api.Job, error) {
	return c.remove(ImageRemove, in, by, "")
}
