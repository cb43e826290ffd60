package ovf

// maxWarnings bounds the warnings of one document; what comes after is counted
// in the last one.
const maxWarnings = 500

// A Warning tells what was ignored, defaulted or corrected. Its text is safe to
// show on a terminal.
type Warning struct {
	Line    int    `json:"line,omitempty" yaml:"line,omitempty"` // of the document, 0 when it isn't about one
	Element string `json:"element,omitempty" yaml:"element,omitempty"`
	Text    string `json:"text" yaml:"text"` // a clause without capital letter and period
}
