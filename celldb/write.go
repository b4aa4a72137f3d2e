package celldb

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"vigie/words"
)

// newFile is a file that is being written, next to the one that it will replace. It is locked, so that two imports do not write into
// one; what a killed import left is overwritten by the next.
type newFile struct {
	dst string
	f   *os.File
}

func create(dst string) (*newFile, error) {
	if err := os.MkdirAll(filepath.Dir(dst), 0o700); err != nil {
		return nil, err
	}
	if st, err := os.Stat(dst); err == nil && !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", dst)
	}
	f, err := os.OpenFile(dst+".new", os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	mine, err2 := f.Stat()
	named, err3 := os.Stat(f.Name())
	if err != nil || err2 != nil || err3 != nil || !os.SameFile(mine, named) {
		f.Close()
		return nil, words.WithHint(fmt.Errorf("%s is being written", dst), "another import is running; wait for it")
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, err
	}
	return &newFile{dst, f}, nil
}

// discard takes away what was not finished; after write it does nothing.
func (n *newFile) discard() {
	if n.f != nil {
		os.Remove(n.f.Name())
		n.f.Close()
		n.f = nil
	}
}

// write writes the records of s, and puts the file in place of the old one.
func (n *newFile) write(ctx context.Context, s *sorter, info Info, tell func(rows int)) (Info, error) {
	info.RATs, info.MCCs = map[string]int{}, map[string]int{}
	w := bufio.NewWriterSize(n.f, 1<<16)
	if _, err := w.Write(make([]byte, headSize)); err != nil {
		return info, err
	}
	var tail []byte
	var page [pageSize]byte
	in, days := 0, uint16(0)
	sum := sha256.New()
	flush := func() error {
		clear(page[in*recordSize : countAt])
		binary.BigEndian.PutUint32(page[countAt:], uint32(in))
		binary.BigEndian.PutUint32(page[numberAt:], uint32(info.Pages))
		binary.BigEndian.PutUint32(page[pageSumAt:], crc32.Checksum(page[:pageSumAt], castagnoli))
		tail = append(tail, page[:8]...)
		sum.Write(page[:countAt])
		info.Pages++
		in = 0
		_, err := w.Write(page[:])
		return err
	}
	var rats [8]int
	var mccs [1024]int
	err := s.each(func(r *record) error {
		r.put(page[in*recordSize:])
		in++
		info.Rows++
		rats[r.rat()]++
		mccs[r.mcc()]++
		days = max(days, r.days)
		if info.Rows%(1<<16) == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			tell(info.Rows)
		}
		if in == perPage {
			return flush()
		}
		return nil
	})
	if err == nil && in > 0 {
		err = flush()
	}
	if err != nil {
		return info, err
	}
	for i, c := range rats {
		if c > 0 {
			r := record{key: uint64(i) << 36}
			info.RATs[r.rat().String()] = c
		}
	}
	for i, c := range mccs {
		if c > 0 {
			info.MCCs[fmt.Sprintf("%03d", i)] = c
		}
	}
	if days > 0 {
		info.Newest = time.Unix(int64(days)*86400, 0).UTC()
	}
	info.ID = strconv.Itoa(version) + "-" + hex.EncodeToString(sum.Sum(nil)[:8])
	text, err := json.Marshal(info)
	if err != nil {
		return info, err
	}
	tail = append(tail, text...)
	if _, err := w.Write(tail); err != nil {
		return info, err
	}
	if err := w.Flush(); err != nil {
		return info, err
	}
	head := make([]byte, headSize)
	copy(head, magic)
	binary.BigEndian.PutUint32(head[16:], version)
	binary.BigEndian.PutUint32(head[20:], uint32(info.Pages))
	binary.BigEndian.PutUint64(head[24:], uint64(info.Rows))
	binary.BigEndian.PutUint64(head[32:], uint64(len(tail)))
	binary.BigEndian.PutUint32(head[40:], crc32.Checksum(tail, castagnoli))
	binary.BigEndian.PutUint32(head[headSize-4:], crc32.Checksum(head[:headSize-4], castagnoli))
	if _, err := n.f.WriteAt(head, 0); err != nil {
		return info, err
	}
	return info, n.replace(ctx)
}

// replace brings the file to the disk, and then into its place.
func (n *newFile) replace(ctx context.Context) error {
	if err := n.f.Sync(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.Rename(n.f.Name(), n.dst); err != nil {
		return err
	}
	err := n.f.Close()
	n.f = nil
	dir, err2 := os.Open(filepath.Dir(n.dst))
	if err2 != nil {
		return errors.Join(err, err2)
	}
	defer dir.Close()
	if err2 = dir.Sync(); errors.Is(err2, syscall.EINVAL) {
		err2 = nil // a file system that cannot
	}
	return errors.Join(err, err2)
}
