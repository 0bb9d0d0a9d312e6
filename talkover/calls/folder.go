package calls

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"time"
)

const (
	// folderName is the name of our folder, in one that may hold anything.
	folderName = "talkover-mcp-cache"
	// markName names the file by which our folder is known. Programs that make backups leave
	// out a folder that has it.
	markName = "CACHEDIR.TAG"
	markText = "Signature: 8a477f597d28d172789f06886806bc55\n# talkover-mcp keeps calls here, sealed. This folder may be deleted.\n"
	// maxFile bounds the bytes of a file that is read.
	maxFile = 64 << 20
	// groupOrOthers are the bits of a mode that let more than the owner write.
	groupOrOthers = 0o022
)

// ourName matches the names that we make: of a sealed file, of the mark, and of either while
// it is being written.
var ourName = regexp.MustCompile(`^([0-9a-f]{32}-[0-9a-z]{6,32}\.sealed|CACHEDIR\.TAG)(\.new-\d+-\d+)?$`)

var (
	errForeign  = errors.New("it is not a file that this program made")
	errUnmarked = errors.New("this program did not make the folder " + folderName + " in it; move that away, or set another folder")
)

// OpenDir opens our folder within another one, and makes each where it is missing. The log is told
// what is deleted because it has expired.
func OpenDir(parent string, log *slog.Logger) (*Dir, error) {
	d := &Dir{parent: parent, log: log}
	err := os.MkdirAll(parent, 0o700)
	if err == nil {
		err = d.open()
	}
	if err != nil {
		return nil, fmt.Errorf("calls: %w", err)
	}
	return d, nil
}

// open opens the folder, which must be one of ours, or an empty one.
func (d *Dir) open() error {
	above, err := os.OpenRoot(d.parent)
	if err != nil {
		return err
	}
	defer above.Close()
	if err := above.Mkdir(folderName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := above.Lstat(folderName); err != nil || !info.IsDir() {
		return errors.Join(err, errUnmarked)
	}
	if d.root, err = above.OpenRoot(folderName); err == nil {
		if err = d.claim(); err != nil {
			err = errors.Join(err, d.root.Close())
		}
	}
	return err
}

// claim fails unless the folder has our mark. An empty one gets it.
func (d *Dir) claim() error {
	names, err := d.names() // before the mark, which another process makes before all else
	text, missing := d.read(markName)
	foreign := func(name string) bool {
		m := ourName.FindStringSubmatch(name)
		return m == nil || m[1] != markName
	}
	switch {
	case err != nil || missing == nil && string(text) == markText:
		return err
	case !errors.Is(missing, fs.ErrNotExist), slices.ContainsFunc(names, foreign):
		return errors.Join(missing, errUnmarked)
	}
	return d.write(markName, time.Now(), []byte(markText))
}

// OpenToOthers reports whether others than the user of this process may write to the folder,
// or put another in its place.
func (d *Dir) OpenToOthers() bool {
	own, err := d.root.Stat(".")
	above, errAbove := os.Stat(d.parent)
	return err == nil && errAbove == nil && (own.Mode()|above.Mode())&groupOrOthers != 0 &&
		runtime.GOOS != "windows" // whose modes say nothing of that
}

// names returns the names of all that is in the folder.
func (d *Dir) names() ([]string, error) {
	dir, err := d.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// list lists the files that we made, but for the mark.
func (d *Dir) list() (all []fs.FileInfo, err error) {
	names, err := d.names()
	for _, name := range names {
		if info, err := d.stat(name); err == nil && name != markName {
			all = append(all, info)
		}
	}
	return all, err
}

// stat tells of a file. The error is errForeign for one that we did not make.
func (d *Dir) stat(name string) (fs.FileInfo, error) {
	info, err := d.root.Lstat(name)
	if err == nil && (!ourName.MatchString(name) || !isPlain(info)) {
		err = errForeign
	}
	return info, err
}

// isPlain reports whether a file is one that can be read to its end.
func isPlain(info fs.FileInfo) bool { return info.Mode().IsRegular() && info.Size() <= maxFile }

// read reads a file.
func (d *Dir) read(name string) ([]byte, error) {
	if _, err := d.stat(name); err != nil {
		return nil, err
	}
	file, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would wait
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !isPlain(info) { // it may be another one by now
		return nil, errors.Join(err, errForeign)
	}
	return io.ReadAll(io.LimitReader(file, maxFile))
}

// write writes a file beside its place and moves it there, so that nobody reads half of it. Its
// time is that at which it expires.
func (d *Dir) write(name string, expires time.Time, content []byte) (err error) {
	beside := fmt.Sprintf("%s.new-%d-%d", name, os.Getpid(), time.Now().UnixNano())
	file, err := d.root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = d.root.Remove(beside)
		}
	}()
	_, err = file.Write(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := d.root.Chtimes(beside, expires, expires); err != nil {
		return err
	}
	return d.root.Rename(beside, name)
}

// remove deletes a file, unless it is gone.
func (d *Dir) remove(name string) error {
	_, err := d.stat(name)
	if err == nil {
		err = d.root.Remove(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Close releases the folder.
func (d *Dir) Close() error { return d.root.Close() }
