package handlers

import (
	"context"
	"fmt"
	"slices"

	"spliced/api"
	"spliced/failure"
	"spliced/rpc"
)

// entryMethods are the five verbs for userdata, scripts and profiles.
func (d *Daemon) entryMethods(kind api.Kind, changes func(string, string, ...rpc.Code) rpc.Method) []rpc.Method {
	noun := string(kind)
	return []rpc.Method{
		rpc.Bind(changing(changes(noun+".create", "Makes the "+noun+" of a name that is free.", rpc.NotFound, rpc.Exists)),
			func(_ context.Context, c *rpc.Call, p api.EntryWrite) (api.EntryResult, error) {
				return d.entryCreate(c, kind, p)
			}),
		rpc.Bind(changing(changes(noun+".modify", "Changes the "+noun+" by a JSON merge patch (RFC 7396).", rpc.NotFound, rpc.StateCorrupt)),
			func(_ context.Context, c *rpc.Call, p api.EntryWrite) (api.EntryResult, error) {
				return d.entryModify(c, kind, p)
			}),
		rpc.Bind(changing(write(noun+".remove", "Removes the "+noun+", if nothing refers to it.", rpc.NotFound)),
			func(_ context.Context, c *rpc.Call, p api.EntryRemove) (api.EntryResult, error) {
				return d.entryRemove(c, kind, p)
			}),
		rpc.Bind(read(noun+".list", "Lists the "+plural(kind)+", sorted by name."),
			func(_ context.Context, _ *rpc.Call, p api.List) (rpc.List[api.Entry], error) {
				return d.entryList(p.Match, plural(kind), kind)
			}),
		rpc.Bind(read(noun+".show", "Shows the "+noun+" and who refers to it.", rpc.NotFound, rpc.StateCorrupt),
			func(_ context.Context, _ *rpc.Call, p api.EntryRef) (api.Entry, error) {
				return d.entryShow(kind, p.Name)
			}),
	}
}

// templateMethods are the same five verbs, for all kinds of templates.
func (d *Daemon) templateMethods() []rpc.Method {
	return []rpc.Method{
		rpc.Bind(changing(write("template.create", "Makes a template of a name that is free.", rpc.NotFound, rpc.Exists)), d.templateCreate),
		rpc.Bind(changing(write("template.modify", "Changes a template by a JSON merge patch (RFC 7396).", rpc.NotFound, rpc.StateCorrupt)), d.templateModify),
		rpc.Bind(changing(write("template.remove", "Removes a template, if nothing refers to it.", rpc.NotFound)), d.templateRemove),
		rpc.Bind(read("template.list", "Lists the templates, sorted by kind and name."), d.templateList),
		rpc.Bind(read("template.show", "Shows a template and who refers to it.", rpc.NotFound, rpc.StateCorrupt), d.templateShow),
	}
}

func plural(kind api.Kind) string {
	if kind == api.KindUserdata {
		return string(kind)
	}
	return string(kind) + "s"
}

// changing is a row for a method that writes a file at once.
func changing(m rpc.Method) rpc.Method {
	m.Errors = append(m.Errors, rpc.Busy, rpc.NoSpace)
	return m
}

func (d *Daemon) templateCreate(_ context.Context, c *rpc.Call, p api.TemplateWrite) (api.EntryResult, error) {
	if err := template(p.Kind); err != nil {
		return api.EntryResult{}, failure.Cannot(fmt.Sprintf("make the template %q", p.Name), err)
	}
	return d.entryCreate(c, p.Kind, p.Entry())
}

func (d *Daemon) templateModify(_ context.Context, c *rpc.Call, p api.TemplateWrite) (api.EntryResult, error) {
	if err := template(p.Kind); err != nil {
		return api.EntryResult{}, failure.Cannot(fmt.Sprintf("modify the template %q", p.Name), err)
	}
	return d.entryModify(c, p.Kind, p.Entry())
}

func (d *Daemon) templateRemove(_ context.Context, c *rpc.Call, p api.TemplateRemove) (api.EntryResult, error) {
	if err := template(p.Kind); err != nil {
		return api.EntryResult{}, failure.Cannot(fmt.Sprintf("remove the template %q", p.Name), err)
	}
	return d.entryRemove(c, p.Kind, p.Entry())
}

func (d *Daemon) templateList(_ context.Context, _ *rpc.Call, p api.TemplateList) (rpc.List[api.Entry], error) {
	kinds := api.TemplateKinds()
	if p.Kind != "" {
		if err := template(p.Kind); err != nil {
			return rpc.List[api.Entry]{}, failure.Cannot("list the templates", err)
		}
		kinds = []api.Kind{p.Kind}
	}
	return d.entryList(p.Match, "templates", kinds...)
}

func (d *Daemon) templateShow(_ context.Context, _ *rpc.Call, p api.TemplateRef) (api.Entry, error) {
	if err := template(p.Kind); err != nil {
		return api.Entry{}, failure.Cannot(fmt.Sprintf("show the template %q", p.Name), err)
	}
	return d.entryShow(p.Kind, p.Name)
}

// template returns nil for the kinds of templates.
func template(kind api.Kind) error {
	if slices.Contains(api.TemplateKinds(), kind) {
		return nil
	}
	return inField("kind", fmt.Errorf("%.80q is no kind of template; system, network and storage are", string(kind)))
}

func (d *Daemon) entryCreate(c *rpc.Call, kind api.Kind, p api.EntryWrite) (api.EntryResult, error) {
	err := writable(p.Name, p.RequestID)
	var e api.Entry
	if err == nil {
		e, err = d.Catalog.CreateEntry(kind, p, caller(c))
	}
	return changed("make", "Made", kind, p.Name, e, err)
}

func (d *Daemon) entryModify(c *rpc.Call, kind api.Kind, p api.EntryWrite) (api.EntryResult, error) {
	err := writable(p.Name, p.RequestID)
	var e api.Entry
	if err == nil {
		e, err = d.Catalog.ModifyEntry(kind, p, caller(c))
	}
	return changed("modify", "Modified", kind, p.Name, e, err)
}

func (d *Daemon) entryRemove(c *rpc.Call, kind api.Kind, p api.EntryRemove) (api.EntryResult, error) {
	err := writable(p.Name, p.RequestID)
	var e api.Entry
	if err == nil {
		e, err = d.Catalog.RemoveEntry(kind, p, caller(c))
	}
	return changed("remove", "Removed", kind, p.Name, e, err)
}

func writable(name, requestID string) error {
	return firstOf(named("name", name), inField("request_id", api.CheckRequestID(requestID)))
}

// changed is the answer to a change, in both its outcomes.
func changed(verb, done string, kind api.Kind, name string, e api.Entry, err error) (api.EntryResult, error) {
	if err != nil {
		return api.EntryResult{}, failure.Cannot(fmt.Sprintf("%s the %s %q", verb, kind.Title(), name), absent(err, kind.Title()))
	}
	return api.EntryResult{Message: fmt.Sprintf("%s the %s %q.", done, kind.Title(), name), Entry: e}, nil
}

func (d *Daemon) entryList(match, what string, kinds ...api.Kind) (rpc.List[api.Entry], error) {
	list, err := d.Catalog.Entries(match, kinds...)
	if err != nil {
		return list, failure.Cannot("list the "+what, err)
	}
	return list, nil
}

func (d *Daemon) entryShow(kind api.Kind, name string) (api.Entry, error) {
	err := named("name", name)
	var e api.Entry
	if err == nil {
		e, err = d.Catalog.Entry(kind, name)
	}
	if err != nil {
		return e, failure.Cannot(fmt.Sprintf("show the %s %q", kind.Title(), name), absent(err, kind.Title()))
	}
	return e, nil
}
