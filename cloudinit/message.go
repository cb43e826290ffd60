package cloudinit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

const (
	maxNesting = 4   // of multipart within multipart
	maxParts   = 100 // of a document
)

// message checks a MIME message (RFC 2045, 2046).
func (c *checker) message(content string) error {
	m, err := mail.ReadMessage(strings.NewReader(content))
	if err != nil {
		return fmt.Errorf("cloud-init takes it for a MIME message, since MIME-Version: stands in its first %d bytes, "+
			"but its headers cannot be read: %w", sniffed, err)
	}
	if m.Header.Get("MIME-Version") == "" {
		return errors.New("cloud-init takes it for a MIME message, since MIME-Version: stands near its beginning, but that isn't among its headers")
	}
	return c.entity(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, 0)
}

// entity checks a message or a part of one: its type, the encoding of its body,
// its body.
func (c *checker) entity(contentType, encoding string, body io.Reader, depth int) error {
	if contentType == "" {
		contentType = "text/plain" // RFC 2045, section 5.2
	}
	kindOf, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("the header Content-Type %q cannot be read: %w", shorten(contentType), err)
	}
	if strings.HasPrefix(kindOf, "multipart/") {
		return c.multipart(body, parameters["boundary"], depth)
	}
	content, err := decoded(body, encoding)
	if err != nil {
		return err
	}
	return c.part(kindOf, content)
}

func (c *checker) multipart(body io.Reader, boundary string, depth int) error {
	switch {
	case boundary == "":
		return errors.New("the header Content-Type names no boundary between the parts")
	case depth == maxNesting:
		return fmt.Errorf("parts are nested deeper than %d levels", maxNesting)
	}
	parts := multipart.NewReader(body, boundary)
	for n := 1; ; n++ {
		p, err := parts.NextRawPart()
		switch {
		case errors.Is(err, io.EOF) && n == 1:
			return errors.New("the message has no parts")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("part %d: it cannot be read, or the closing boundary --%s-- is missing: %w", n, shorten(boundary), err)
		}
		if err := c.another(); err != nil {
			return err
		}
		err = c.entity(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, depth+1)
		if err != nil {
			return fmt.Errorf("part %d: %w", n, err)
		}
	}
}

// another counts one more part.
func (c *checker) another() error {
	if c.parts++; c.parts > maxParts {
		return fmt.Errorf("the document has more than %d parts", maxParts)
	}
	return nil
}

// decoded undoes the encoding of a body. None makes it larger.
func decoded(body io.Reader, encoding string) (string, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return "", fmt.Errorf("its end, the next boundary, is missing: %w", err)
	}
	plain := io.Reader(bytes.NewReader(raw))
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "7bit", "8bit", "binary":
	case "base64":
		plain = base64.NewDecoder(base64.StdEncoding, plain)
	case "quoted-printable":
		plain = quotedprintable.NewReader(plain)
	default:
		return "", fmt.Errorf("the header Content-Transfer-Encoding %q is none that cloud-init decodes", shorten(encoding))
	}
	content, err := io.ReadAll(plain)
	if err != nil {
		return "", fmt.Errorf("the body cannot be decoded: %w", err)
	}
	return string(content), nil
}

// part checks the content of a part by its type. Text without a type of its own
// is looked at for its first line, as a document is.
func (c *checker) part(mimeType, content string) error {
	k, found := ofType(mimeType)
	switch {
	case !found && c.handlers:
		return nil
	case strings.Contains(mimeType, "zip") || strings.Contains(mimeType, "compress"):
		return fmt.Errorf("the type %s is compressed, and can't be checked; put the content itself there", mimeType)
	}
	if err := text(content); err != nil {
		return err
	}
	switch {
	case content == "":
		return errors.New("the part is empty")
	case mimeType == "text/plain" || mimeType == "text/x-not-multipart":
		return c.plain(content)
	case !found:
		return fmt.Errorf("cloud-init knows no type %q, and no part before it brings a handler", shorten(mimeType))
	}
	return k.check(c, content)
}
