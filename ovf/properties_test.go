package ovf_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/ovf"
)

const appliance = `<References><File ovf:id="f1" ovf:href="one.vmdk"/></References>
<DiskSection><Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="${app.size.1}" ovf:capacityAllocationUnits="byte * 2^30"/></DiskSection>
<DeploymentOptionSection><Configuration ovf:id="small"><Label>Small</Label></Configuration><Configuration ovf:id="large" ovf:default="true"/></DeploymentOptionSection>
<ProductSection><Property ovf:key="site" ovf:type="string" ovf:userConfigurable="true" ovf:value="a &lt;b&gt; &amp; &quot;c&quot;"/></ProductSection>
<VirtualSystem ovf:id="vm"><ProductSection ovf:class="app" ovf:instance="1"><Product>App</Product>
<Category>Disks</Category><Property ovf:key="size" ovf:type="uint8" ovf:userConfigurable="true" ovf:value="10" ovf:qualifiers="MaxValue(100), MinValue(1)"><Value ovf:value="40" ovf:configuration="large"/></Property>
<Category>Access</Category><Property ovf:key="password" ovf:type="string" ovf:password="true" ovf:userConfigurable="true" ovf:value="hunter2" ovf:qualifiers="MinLen(4) MaxLen(9)"/>
<Property ovf:key="mode" ovf:type="string" ovf:userConfigurable="true" ovf:qualifiers="ValueMap{&quot;on&quot;, &quot;o)f,f&quot;}"/>
<Property ovf:key="flag" ovf:type="boolean" ovf:userConfigurable="true" ovf:value="true"/>
<Property ovf:key="real" ovf:type="real32" ovf:userConfigurable="true" ovf:value="1.5"/>
<Property ovf:key="name" ovf:type="string" ovf:required="true" ovf:userConfigurable="true"/>
<Property ovf:key="fixed" ovf:type="string" ovf:value="x"/>
<Property ovf:key="big" ovf:type="string" ovf:configuration="large" ovf:value="y"/>
</ProductSection><VirtualHardwareSection ovf:transport="iso com.vmware.guestInfo">`

func applianceDoc() []byte {
	cpu := func(configuration, count string) string {
		return strings.Replace(it(3, 1, "VirtualQuantity="+count), "<Item>", `<Item ovf:configuration="`+configuration+`">`, 1)
	}
	bound := func(bound, size string) string {
		return strings.Replace(it(4, 2, "VirtualQuantity="+size, "AllocationUnits=MB"), "<Item>", `<Item ovf:bound="`+bound+`">`, 1)
	}
	return []byte(envelope(appliance + it(3, 1, "VirtualQuantity=1") + cpu("large huge", "8") + cpu("small", "2") +
		bound("min", "256") + it(4, 2, "VirtualQuantity=1024", "AllocationUnits=MB") + bound("max", "4096") +
		it(17, 3, "HostResource=/disk/a") + `</VirtualHardwareSection></VirtualSystem>`))
}

func TestConfigurationsAndProperties(t *testing.T) {
	for _, c := range []struct {
		choice   ovf.Choice
		vcpus    int
		capacity int64
	}{
		{ovf.Choice{}, 8, 40 << 30},
		{ovf.Choice{Configuration: "large"}, 8, 40 << 30},
		{ovf.Choice{Configuration: "small"}, 2, 10 << 30},
		{ovf.Choice{Configuration: "small", Properties: map[string]string{"app.size.1": "25"}}, 2, 25 << 30},
		{ovf.Choice{Properties: map[string]string{"size": "26"}}, 8, 26 << 30},
	} {
		p, err := planOf(applianceDoc(), c.choice)
		if err != nil {
			t.Errorf("%+v: %v", c.choice, err)
			continue
		}
		s := p.Systems[0]
		if s.VCPUs != c.vcpus || s.Disks[0].Capacity != c.capacity || s.Memory != 1<<30 {
			t.Errorf("%+v: %d vCPUs, %d bytes of disk, %d of memory", c.choice, s.VCPUs, s.Disks[0].Capacity, s.Memory)
		}
		if !warned(p, `configuration "huge", which is not there`) {
			t.Error("no warning of a configuration that is not there")
		}
	}
}

func TestChoicesThatDontFit(t *testing.T) {
	for _, c := range []struct {
		choice ovf.Choice
		want   string
	}{
		{ovf.Choice{Configuration: "tiny"}, `no configuration "tiny"; there are "small", "large"`},
		{ovf.Choice{Properties: map[string]string{"nope": "1"}}, `no property "nope"`},
		{ovf.Choice{Properties: map[string]string{"app.size.1": "0"}}, "less than 1"},
		{ovf.Choice{Properties: map[string]string{"app.size.1": "200"}}, "more than 100"},
		{ovf.Choice{Properties: map[string]string{"app.size.1": "300"}}, "more than 100"},
		{ovf.Choice{Properties: map[string]string{"app.size.1": "x"}}, "no number of the type uint8"},
		{ovf.Choice{Properties: map[string]string{"app.password.1": "abc"}}, "less than 4"},
		{ovf.Choice{Properties: map[string]string{"app.password.1": "tenletters"}}, "more than 9"},
		{ovf.Choice{Properties: map[string]string{"app.mode.1": "off"}}, "none of the values"},
		{ovf.Choice{Properties: map[string]string{"app.flag.1": "maybe"}}, "neither true nor false"},
		{ovf.Choice{Properties: map[string]string{"app.real.1": "x"}}, "no number"},
		{ovf.Choice{Properties: map[string]string{"app.fixed.1": "z"}}, "cannot be set"},
		{ovf.Choice{Configuration: "small", Properties: map[string]string{"app.big.1": "z"}}, "no property"},
	} {
		_, err := planOf(applianceDoc(), c.choice)
		checkRefusal(t, err, c.want)
		var refusal *ovf.Refusal
		if errors.As(err, &refusal) && refusal.Class != ovf.BadChoice {
			t.Errorf("%q is of the class %s", err, refusal.Class)
		}
		for _, value := range c.choice.Properties {
			if len(value) > 3 && strings.Contains(err.Error(), value) {
				t.Errorf("the refusal %q repeats the value", err)
			}
		}
	}
	if _, err := planOf(applianceDoc(), ovf.Choice{Properties: map[string]string{"app.mode.1": "o)f,f"}}); err != nil {
		t.Errorf("a value with the qualifiers' own signs: %v", err)
	}
}

func TestPropertiesInThePlan(t *testing.T) {
	p, err := planOf(applianceDoc(), ovf.Choice{Configuration: "small", Properties: map[string]string{"app.password.1": "swordfish"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range p.Systems[0].Products[0].Properties {
		got = append(got, fmt.Sprintf("%s %s=%q set=%v lacks=%v", v.Category, v.Key, v.Value, v.Set, v.Lacks))
	}
	want := []string{
		`Disks app.size.1="10" set=true lacks=false`, `Access app.password.1="" set=true lacks=false`,
		`Access app.mode.1="" set=false lacks=false`, `Access app.flag.1="true" set=true lacks=false`,
		`Access app.real.1="1.5" set=true lacks=false`, `Access app.name.1="" set=false lacks=true`, `Access app.fixed.1="x" set=true lacks=false`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPasswordsAreNotShown(t *testing.T) {
	a, err := ovf.Parse(applianceDoc())
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Plan(ovf.Choice{Properties: map[string]string{"app.password.1": "swordfish"}})
	if err != nil {
		t.Fatal(err)
	}
	j, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		string(j), fmt.Sprintf("%v %+v", p, p), fmt.Sprintf("%#v", *p), fmt.Sprintf("%+v %#v", a.Systems[0].Products, a.Systems[0].Products),
		fmt.Sprintf("%+v", p.Systems[0].Products), fmt.Sprintf("%#v", p.Systems[0].Products[0].Properties[1]),
	} {
		if strings.Contains(shown, "swordfish") || strings.Contains(shown, "hunter2") {
			t.Errorf("a password is shown: %s", shown)
		}
	}
	if doc := string(p.Environment("vm", ovf.Platform{})); !strings.Contains(doc, "swordfish") {
		t.Error("the guest doesn't get the password")
	}
}

func TestEnvironment(t *testing.T) {
	other := `<VirtualSystem ovf:id="db"><ProductSection><Property ovf:key="dsn" ovf:type="string" ovf:value="x"/><Property ovf:key="pw" ovf:type="string" ovf:password="true" ovf:value="secret"/></ProductSection><VirtualHardwareSection/></VirtualSystem>`
	doc := strings.Replace(string(applianceDoc()), "</Envelope>", other+"</Envelope>", 1)
	p := mustPlan(t, doc)
	if !p.Systems[0].WantsISO() || p.Systems[1].WantsISO() {
		t.Error("the transports are wrong")
	}
	type property struct {
		Key   string `xml:"http://schemas.dmtf.org/ovf/environment/1 key,attr"`
		Value string `xml:"http://schemas.dmtf.org/ovf/environment/1 value,attr"`
	}
	var got struct {
		XMLName xml.Name   `xml:"http://schemas.dmtf.org/ovf/environment/1 Environment"`
		ID      string     `xml:"http://schemas.dmtf.org/ovf/environment/1 id,attr"`
		Kind    string     `xml:"PlatformSection>Kind"`
		Own     []property `xml:"PropertySection>Property"`
		Others  []struct {
			ID         string     `xml:"http://schemas.dmtf.org/ovf/environment/1 id,attr"`
			Properties []property `xml:"PropertySection>Property"`
		} `xml:"Entity"`
	}
	if err := xml.Unmarshal(p.Environment("vm", ovf.Platform{Kind: "KVM"}), &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != "vm" || got.Kind != "KVM" || len(got.Own) != 7 || got.Own[0] != (property{"site", `a <b> & "c"`}) {
		t.Errorf("the document is %+v", got)
	}
	if len(got.Others) != 1 || got.Others[0].ID != "db" || len(got.Others[0].Properties) != 1 {
		t.Errorf("the others are %+v", got.Others)
	}
	if p.Environment("nobody", ovf.Platform{}) != nil {
		t.Error("a document for a system that is not there")
	}
}

func TestMessageBundle(t *testing.T) {
	p := mustPlan(t, envelope(`<NetworkSection><Network ovf:name="n"><Description ovf:msgid="d">plain</Description></Network></NetworkSection>
	<VirtualSystem ovf:id="vm"><Name ovf:msgid="gone">Machine</Name><VirtualHardwareSection/></VirtualSystem>
	<Strings xml:lang="de"><Msg ovf:msgid="d">deutsch</Msg></Strings><Strings xml:lang="en-US"><Msg ovf:msgid="d">english</Msg></Strings>
	<Strings ovf:fileRef="bundle"/>`))
	if p.Networks[0].Description != "english" || p.Systems[0].Name != "Machine" || !warned(p, `bundle in the file "bundle"`) {
		t.Errorf("%+v", p)
	}
}
