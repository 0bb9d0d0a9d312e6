package calls

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"runtime"
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

// Folder is a folder of our own within one that a user names. It reads, writes and deletes
// nothing but regular files whose names we make, and follows no link. Any number of processes
// may use it.
type Folder struct {
	root   *os.Root
	parent string
}

// OpenFolder opens our folder within another one, and makes each where it is missing.
func OpenFolder(parent string) (*Folder, error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, err
	}
	above, err := os.OpenRoot(parent)
	if err != nil {
		return nil, err
	}
	defer above.Close()
	if err := above.Mkdir(folderName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if info, err := above.Lstat(folderName); err != nil || !info.IsDir() {
		return nil, errors.Join(err, errUnmarked)
	}
	root, err := above.OpenRoot(folderName)
	if err != nil {
		return nil, err
	}
	f := &Folder{root, parent}
	if err := f.claim(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

// claim fails unless the folder has our mark. An empty one gets it.
func (f *Folder) claim() error {
	names, err := f.names() // before the mark, which another process makes before all else
	if err != nil {
		return err
	}
	text, err := f.Read(markName)
	switch {
	case err == nil && string(text) == markText:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return errors.Join(err, errUnmarked)
	}
	for _, name := range names {
		if m := ourName.FindStringSubmatch(name); m == nil || m[1] != markName {
			return errUnmarked
		}
	}
	return f.Write(markName, time.Now(), []byte(markText))
}

// OpenToOthers reports whether others than the user of this process may write to the folder,
// or put another in its place.
func (f *Folder) OpenToOthers() bool {
	own, err := f.root.Stat(".")
	above, errAbove := os.Stat(f.parent)
	return err == nil && errAbove == nil && (own.Mode()|above.Mode())&groupOrOthers != 0 &&
		runtime.GOOS != "windows" // whose modes say nothing of that
}

// names returns the names of all that is in the folder.
func (f *Folder) names() ([]string, error) {
	dir, err := f.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// List lists the files that we made, but for the mark.
func (f *Folder) List() (all []fs.FileInfo, err error) {
	names, err := f.names()
	for _, name := range names {
		if info, err := f.stat(name); err == nil && name != markName {
			all = append(all, info)
		}
	}
	return all, err
}

// stat tells of a file. The error is errForeign for one that we did not make.
func (f *Folder) stat(name string) (fs.FileInfo, error) {
	info, err := f.root.Lstat(name)
	if err == nil && (!ourName.MatchString(name) || !isPlain(info)) {
		err = errForeign
	}
	return info, err
}

// isPlain reports whether a file is one that can be read to its end.
func isPlain(info fs.FileInfo) bool { return info.Mode().IsRegular() && info.Size() <= maxFile }

// Read reads a file.
func (f *Folder) Read(name string) ([]byte, error) {
	if _, err := f.stat(name); err != nil {
		return nil, err
	}
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe would wait
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !isPlain(info) { // it may be another one by now
		return nil, errors.Join(err, errForeign)
	}
	return io.ReadAll(io.LimitReader(file, maxFile))
}

// Write writes a file beside its place and moves it there, so that nobody reads half of it. Its
// time is that at which it expires.
func (f *Folder) Write(name string, expires time.Time, content []byte) (err error) {
	beside := fmt.Sprintf("%s.new-%d-%d", name, os.Getpid(), time.Now().UnixNano())
	file, err := f.root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.root.Remove(beside)
		}
	}()
	_, err = file.Write(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := f.root.Chtimes(beside, expires, expires); err != nil {
		return err
	}
	return f.root.Rename(beside, name)
}

// Delete deletes a file, unless it is gone.
func (f *Folder) Delete(name string) error {
	_, err := f.stat(name)
	if err == nil {
		err = f.root.Remove(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Close releases the folder.
func (f *Folder) Close() error { return f.root.Close() }
