package storage

import (
	"sync"

	"github.com/ncruces/go-sqlite3/vfs"
)

// A database with checksums is never memory-mapped, but go-sqlite3 v0.37.0 finds that out only after it has told SQLite that
// it may be: when a second connection has written, the next checkpoint of the first asks for the map to be dropped and
// crashes the program (vfsUnfetch). Files opened through this VFS are those of the operating system's VFS, without the map.
// Encrypted stores have a VFS that has none anyway.
const unmappedName = "vigie-unmapped"

var registerUnmapped = sync.OnceFunc(func() { vfs.Register(unmappedName, unmappedVFS{vfs.Find("")}) })

type unmappedVFS struct{ vfs.VFS }

// osFile is what a file of the operating system's VFS can do, but for vfs.FileMemoryMapper.
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
