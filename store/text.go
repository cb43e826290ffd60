package store

// Text returns the file that the record name would be kept in, for those who keep
// it elsewhere as well. Failures are those of Put that come before anything is
// touched.
func (c *Collection[T]) Text(name string, v T) ([]byte, error) {
	data, err := c.encode(name, v)
	return data, c.wrap("write down", name, err)
}

// Parse returns what Text was made of. It is as strict as Get, and as safe with
// text of whatever origin; the failure says what is wrong with it.
func (c *Collection[T]) Parse(text []byte) (T, error) { return c.decode(text) }
