package ovf

// Given are the values of a Choice by the full keys of their properties.
type Given struct {
	Shown   map[string]string // of properties that are no passwords
	Secret  map[string]string // passwords, which go into no output
	Unknown map[string]string // by keys that no property of the configuration has
}

// Given sorts the values of a choice. A key that several systems have stands for
// all of them, and is a password if it is one anywhere. The values aren't
// checked; Plan does that.
func (a *Appliance) Given(c Choice) Given {
	p := &planner{app: a, plan: &Plan{}}
	if p.chooseConfiguration(c.Configuration) != nil {
		p.config = c.Configuration // unknown, so only what all have is found
	}
	g := Given{Shown: map[string]string{}, Secret: map[string]string{}, Unknown: map[string]string{}}
	for key, value := range c.Properties {
		found := a.findProperty(key, p.config)
		if len(found) == 0 {
			g.Unknown[key] = value
			continue
		}
		into := g.Shown
		for _, property := range found {
			if property.Password {
				into = g.Secret
			}
		}
		into[found[0].Key] = value
	}
	return g
}

// Lacking lists the keys of the properties of one of the plan's systems, and of
// the appliance as a whole, that are required and have no value.
func (p *Plan) Lacking(key string) []string {
	lists := [][]ProductPlan{p.Products}
	if s := p.system(key); s != nil {
		lists = append(lists, s.Products)
	}
	var keys []string
	for _, list := range lists {
		for _, product := range list {
			for _, v := range product.Properties {
				if v.Lacks {
					keys = append(keys, v.Key)
				}
			}
		}
	}
	return keys
}
