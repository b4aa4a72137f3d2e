package storage

import (
	"sync"

	"github.com/ncruces/go-sqlite3/vfs"
)

// A database with checksums is never memory-mapped, but go-sqlite3 v0.37.0 notices that only after it has told SQLite that it
// may be: after a second connection has written, the next checkpoint of the first asks to drop the map and crashes the program
// (vfsUnfetch). This VFS opens the files of the operating system's VFS without a map. The VFS of encrypted stores has none.
const unmappedName = "vigie-unmapped"

var registerUnmapped = sync.OnceFunc(func() { vfs.Register(unmappedName, unmappedVFS{vfs.Find("")}) })

type unmappedVFS struct{ vfs.VFS }

// osFile has the methods of a file of the operating system's VFS, except vfs.FileMemoryMapper.
type osFile interface {
	vfs.FileLockState
	vfs.FileHasMoved
	vfs.FileSizeHint
	vfs.FilePersistWAL
	vfs.FilePowersafeOverwrite
	vfs.FileSharedMemory
}

type unmappedFile struct{ osFile }

// DeviceCharacteristics leaves out the atomic batches of F2FS, which osFile does not offer.
func (f unmappedFile) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return f.osFile.DeviceCharacteristics() &^ vfs.IOCAP_BATCH_ATOMIC
}

func (v unmappedVFS) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := v.VFS.(vfs.VFSFilename).OpenFilename(name, flags)
	if of, ok := f.(osFile); ok && err == nil {
		return unmappedFile{of}, flags, nil
	}
	return f, flags, err
}
