package exam_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/talkover/talkover-mcp/tools/exam"
)

// TestQuestionFiles holds every figure of the question files of tools against the raw log, in
// both halves, and that these say the same.
func TestQuestionFiles(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no questions", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sections := map[string]string{}
			for _, f := range archive.Files {
				sections[f.Name] = string(f.Data)
			}
			if sections["structure"] == "" { // an error has text alone
				return
			}
			call := strings.TrimSpace(sections["call"])
			_, _, a := parseCall(t, call)
			ans := answer{
				text: parseText(t, sections["text"]), structure: parseStructure(t, []byte(sections["structure"])),
				call: call,
			}
			same(t, ans)
			for _, h := range []half{ans.text, ans.structure} {
				e := examiner{t, logOf(t, "demo"), a, zoneOf(t, h.zone), moment(exam.Now.Unix()), h, nil}
				e.answer()
			}
		})
	}
}
