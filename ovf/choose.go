package ovf

import (
	"slices"
	"strings"
)

// planner turns an appliance and a choice into a plan.
type planner struct {
	app      *Appliance
	plan     *Plan
	config   string
	values   *propertyValues
	attached map[string]string // key of a disk to "system/sda"
}

// Plan chooses a configuration and the values of properties, and works out the
// hardware. It fails with a *Refusal: of the class BadChoice for a choice that
// the appliance doesn't offer, of others for what the descriptor gets wrong.
// The appliance isn't changed, and may be planned again with another choice.
func (a *Appliance) Plan(c Choice) (*Plan, error) {
	p := &planner{app: a, attached: map[string]string{}, plan: &Plan{
		Version: a.Version, Configurations: slices.Clone(a.Configurations), Networks: append([]Network{}, a.Networks...),
		Startup: slices.Clone(a.Startup), EULAs: a.EULAs, Annotations: a.Annotations,
		Warnings: slices.Clone(a.Warnings), files: a.Files,
	}}
	if err := p.chooseConfiguration(c.Configuration); err != nil {
		return nil, err
	}
	var err error
	if p.values, err = p.chooseProperties(c.Properties); err != nil {
		return nil, err
	}
	p.plan.Products = p.values.products(a.Products)
	keys := newKeys()
	for i := range a.Systems {
		if err := p.system(&a.Systems[i], keys); err != nil {
			return nil, err
		}
	}
	p.nameSteps()
	if err := p.unattached(); err != nil {
		return nil, err
	}
	return p.plan, nil
}

// nameSteps tells the steps of starting which of the plan's systems they mean.
func (p *planner) nameSteps() {
	byID := map[string]string{}
	for _, s := range p.plan.Systems {
		byID[s.ID] = s.Key
	}
	for i := range p.plan.Startup {
		step := &p.plan.Startup[i]
		step.Key = byID[step.ID]
	}
}

// chooseConfiguration takes the asked one, or the default: the one marked so,
// else the first (DSP0243, section 9.8).
func (p *planner) chooseConfiguration(asked string) error {
	if asked != "" && !p.app.hasConfiguration(asked) {
		return &Refusal{Class: BadChoice, Offset: -1, Text: "it has no configuration " + Display(asked) + "; " + p.listConfigurations()}
	}
	p.config = asked
	for i, c := range p.app.Configurations {
		if p.config == "" && (c.Default || i == len(p.app.Configurations)-1) {
			p.config = c.ID
			if !c.Default {
				p.config = p.app.Configurations[0].ID
			}
		}
	}
	p.plan.Configuration = p.config
	return nil
}

func (p *planner) listConfigurations() string {
	var names []string
	for _, c := range p.app.Configurations {
		names = append(names, Display(c.ID))
	}
	if names == nil {
		return "it has none at all"
	}
	return "there are " + strings.Join(names, ", ")
}

// chooseItems returns the items that the configuration has, each instance id
// once: those made for the configuration before those for any (DSP0243, section
// 9.8), normal values before limits (section 8.4).
func (p *planner) chooseItems(s *System, out *SystemPlan) ([]item, error) {
	var order []string
	groups := map[string][]item{}
	var chosen []item
	for _, i := range s.items {
		if len(i.configurations) > 0 && !slices.Contains(i.configurations, p.config) {
			continue
		}
		if i.instance == "" {
			out.warn(i.at, "the item %s has no instance id", i.label())
			chosen = append(chosen, i)
			continue
		}
		if _, seen := groups[i.instance]; !seen {
			order = append(order, i.instance)
		}
		groups[i.instance] = append(groups[i.instance], i)
	}
	for _, id := range order {
		i, err := chooseItem(groups[id])
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, i)
	}
	return chosen, nil
}

// chooseItem picks one of the items of one instance id.
func chooseItem(group []item) (item, error) {
	var best []item
	specific := slices.ContainsFunc(group, func(i item) bool { return len(i.configurations) > 0 && normal(i) })
	for _, i := range group {
		if normal(i) && (len(i.configurations) > 0) == specific {
			best = append(best, i)
		}
	}
	switch len(best) {
	case 0:
		return item{}, refuseAt(BadDescriptor, group[0].at, "the item %s has limits but no value", group[0].label())
	case 1:
		return best[0], nil
	}
	return item{}, refuseAt(BadDescriptor, best[1].at, "the instance id %s is used by two items, %s and %s", Display(best[0].instance), best[0].label(), best[1].label())
}

// normal reports whether an item gives a value, not a limit of one.
func normal(i item) bool {
	return i.bound == "" || i.bound == "normal"
}

// warn notes what was ignored or defaulted in a system.
func (s *SystemPlan) warn(n *node, format string, args ...any) {
	s.Warnings = addWarning(s.Warnings, n, format, args...)
}
