package storage

import (
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/ncruces/go-sqlite3/vfs/adiantum"

	"vigie/safefile"
)

// rightsVFS opens and removes files with the rights of another user than the process has: a copy of the service's store in a
// directory of somebody else. The index of a log is not opened with them: such a database has one connection, or no log.
type rightsVFS struct {
	vfs.VFS
	rights safefile.Rights
}

// registerRights makes such a VFS and returns its name.
func registerRights(r safefile.Rights, encrypted bool) string {
	name := "vigie-as-" + r.String()
	var v vfs.VFS = rightsVFS{vfs.Find(""), r}
	if encrypted {
		name, v = name+"-adiantum", adiantum.Wrap(v, nil)
	}
	vfs.Register(name, v)
	return name
}

func (v rightsVFS) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (f vfs.File, out vfs.OpenFlag, err error) {
	err = v.rights.Do(func() error {
		f, out, err = unmappedVFS{v.VFS}.OpenFilename(name, flags)
		return err
	})
	if u, ok := f.(unmappedFile); ok && err == nil {
		return rightsFile{u, v.rights}, out, nil
	}
	return f, out, err
}

func (v rightsVFS) Delete(name string, syncDir bool) error {
	return v.rights.Do(func() error { return v.VFS.Delete(name, syncDir) })
}

func (v rightsVFS) Access(name string, flags vfs.AccessFlag) (ok bool, err error) {
	err = v.rights.Do(func() error { ok, err = v.VFS.Access(name, flags); return err })
	return ok, err
}

func (v rightsVFS) FullPathname(name string) (full string, err error) {
	err = v.rights.Do(func() error { full, err = v.VFS.FullPathname(name); return err })
	return full, err
}

type rightsFile struct {
	unmappedFile
	rights safefile.Rights
}

// HasMoved looks for the file by its name.
func (f rightsFile) HasMoved() (moved bool, err error) {
	err = f.rights.Do(func() error { moved, err = f.unmappedFile.HasMoved(); return err })
	return moved, err
}
