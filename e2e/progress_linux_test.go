package e2e

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens both ends of a terminal.
func terminal(t *testing.T) (screen, end *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	end, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, end
}

// On a terminal a long question draws a bar, and leaves the line blank; the answer has
// none of it. Elsewhere nothing is drawn, as the other tests of call see.
func TestLongCallDrawsItsProgressOnATerminal(t *testing.T) {
	t.Parallel()
	screen, end := terminal(t)
	var stdout bytes.Buffer
	cmd := command(t, nil, "call", "-demo", "get_call_stats", "date_from=2026-01-01", "group_by=agent,day")
	cmd.Stdout, cmd.Stderr = &stdout, end
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end.Close()
	drawn, _ := io.ReadAll(screen) // ends in EIO, as the process closes the other end
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(string(drawn), "\r[") || !strings.Contains(string(drawn), "\r[#") ||
		!strings.Contains(string(drawn), "] calls\r") || strings.Contains(string(drawn), "\n") {
		t.Errorf("the terminal got %q", drawn)
	}
	row := []byte{}
	for line := range bytes.SplitSeq(drawn, []byte("\r")) { // each is written over the one before
		row = append(line[:len(line):len(line)], row[min(len(line), len(row)):]...)
	}
	if left := strings.TrimSpace(string(row)); left != "" {
		t.Errorf("%q is left on the terminal", left)
	}
	if strings.Contains(stdout.String(), "\r") || !strings.Contains(stdout.String(), "Exact: all") {
		t.Errorf("the answer is %q", stdout.String())
	}
}
