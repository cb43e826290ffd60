package strictyaml

// Merge returns v as a text.
func (c *Codec[T]) Merge(_ []byte, v T, _ Options) ([]byte, error) { return c.Marshal(v) }
