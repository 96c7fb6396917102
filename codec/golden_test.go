package codec

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// TestGolden compares the encoders with bytes that a person can read: each file is
// an annotated dump, of which only the hex is read.
func TestGolden(t *testing.T) {
	for _, s := range allSamples() {
		t.Run(s.name, func(t *testing.T) {
			want := golden(t, s.name, s.about, s.encode(), reflect.TypeOf(s.value).Elem())
			if got := s.encode(); !bytes.Equal(got, want) {
				t.Errorf("encoder writes\n%x, file has\n%x", got, want)
			}
			if got := Encode(s.value); !bytes.Equal(got, want) {
				t.Errorf("oracle writes\n%x, file has\n%x", got, want)
			}
			x := fresh(s.value)
			if err := Decode(want, x); err != nil || !reflect.DeepEqual(x, s.value) {
				t.Errorf("oracle reads %+v: %v", x, err)
			}
			if s.decode == nil {
				return
			}
			if x, err := s.decode(want); err != nil || !reflect.DeepEqual(x, s.value) {
				t.Errorf("decoder reads %+v: %v", x, err)
			}
		})
	}
}

func TestGoldenOutcomes(t *testing.T) {
	about := "Outcomes: what became of the records of a batch (docs/formats/records.md section 2)"
	want := golden(t, "outcomes", about, EncodeOutcomes(sampleOutcomes()), reflect.TypeFor[any]())
	if got := EncodeOutcomes(sampleOutcomes()); !bytes.Equal(got, want) {
		t.Errorf("encoder writes\n%x, file has\n%x", got, want)
	}
	if x, err := DecodeOutcomes(want); err != nil || !reflect.DeepEqual(x, sampleOutcomes()) {
		t.Errorf("decoder reads %+v: %v", x, err)
	}
}

func fresh(v any) any { return reflect.New(reflect.TypeOf(v).Elem()).Interface() }

// golden returns the bytes in a golden file.
func golden(t *testing.T, name, about string, encoded []byte, typ reflect.Type) []byte {
	path := filepath.Join("testdata", "vectors", name+".txt")
	if *rewrite {
		a := annotator{r: NewReader(encoded)}
		a.out.WriteString("# " + about + "\n# To the left of each # stand the bytes of one item.\n")
		a.item(typ, "", 0)
		if err := os.WriteFile(path, []byte(a.out.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return unhexString(t, hexOf(string(data)))
}

// hexOf drops comments and white space.
func hexOf(dump string) string {
	var digits strings.Builder
	for line := range strings.Lines(dump) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	return digits.String()
}

// An annotator writes one line per item of an encoding, naming the fields of the
// type that it encodes.
type annotator struct {
	r   Reader
	out strings.Builder
}

func (a *annotator) line(depth, from int, comment string) {
	digits := hex.EncodeToString(a.r.data[from:a.r.off])
	pad := strings.Repeat(" ", max(1, 44-2*depth-len(digits)))
	a.out.WriteString(strings.Repeat("  ", depth) + digits + pad + "# " + comment + "\n")
}
