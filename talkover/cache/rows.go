package cache

import (
	"bytes"
	"unsafe"
)

// The fields of a row, by their first byte.
const (
	atID      = 0             // a UUID
	atSID     = atID + 16     // index of prefixes, and 32 hexadecimal digits
	atCreated = atSID + 17    // microseconds since 1970
	atUpdated = atCreated + 7 // microseconds since created
	atContact = atUpdated + 5 // see packNumber
	atSeconds = atContact + 8 // of talk
	atForm    = atSeconds + 3 // index of forms, for the contact
	atLine    = atForm + 2    // index of lines
	atAgent   = atLine + 2    // index of agents
	atKind    = atAgent + 2   // index of kinds
	atFlags   = atKind + 1    // see below
	width     = atFlags + 1
)

// chunkRows is how many rows a full chunk has: 32 KiB of them, the largest object that the
// Go allocator has a size for. What is larger takes whole pages of 8 KiB, of which a day of
// 1,000 calls in one piece would leave a large part of the last one over.
const chunkRows = 32 << 10 / width

// growth is how many rows a chunk has room for as it grows. Few steps leave few sizes of
// garbage behind: what is kept between it holds its pages.
var growth = [...]int{1, 64, chunkRows}

// rows are packed calls, in chunks that are all full but the last.
type rows [][]byte

func (r rows) len() int {
	if len(r) == 0 {
		return 0
	}
	return (len(r)-1)*chunkRows + len(r[len(r)-1])/width
}

// at returns the bytes of the i-th row.
func (r rows) at(i int) []byte {
	chunk := r[i/chunkRows]
	i = i % chunkRows * width
	return chunk[i : i+width : i+width]
}

// add appends a row.
func (r *rows) add(row []byte) {
	if r.len()%chunkRows == 0 {
		r.clip()
		*r = append(*r, nil)
	}
	last := &(*r)[len(*r)-1]
	for _, n := range growth {
		if len(*last) == cap(*last) && n > len(*last)/width {
			*last = append(make([]byte, 0, n*width), *last...)
		}
	}
	*last = append(*last, row...)
}

// clip gives back what appending to the last chunk has left over.
func (r rows) clip() {
	if len(r) > 0 {
		r[len(r)-1] = bytes.Clone(r[len(r)-1])
	}
}

// bytes accounts for the memory that the rows take.
func (r rows) bytes() int {
	n := cap(r) * int(unsafe.Sizeof([]byte(nil)))
	for _, chunk := range r {
		n += cap(chunk)
	}
	return n
}
