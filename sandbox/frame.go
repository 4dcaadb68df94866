package sandbox

import (
	"encoding/binary"
	"fmt"
	"io"
)

// maxHead is how long an order or a report may be, in bytes.
const maxHead = 1 << 20

// A message is a head, JSON, and a body, each behind its length in four bytes.
func writeMessage(to io.Writer, head, body []byte) error {
	for _, part := range [][]byte{head, body} {
		if uint64(len(part)) > 1<<32-1 {
			return ErrTooLarge
		}
		if _, err := to.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part)))); err != nil {
			return err
		}
		if _, err := to.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// readMessage reads a message whose body has at most so many bytes. Memory is
// taken as bytes come, not as they are announced.
func readMessage(from io.Reader, most int) (head, body []byte, err error) {
	if head, err = readPart(from, maxHead); err != nil {
		return nil, nil, err
	}
	body, err = readPart(from, most)
	return head, body, err
}

func readPart(from io.Reader, most int) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(from, size[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	n := int64(binary.BigEndian.Uint32(size[:]))
	if n > int64(most) {
		return nil, fmt.Errorf("%w: a part of %d bytes", errFrame, n)
	}
	part, err := io.ReadAll(io.LimitReader(from, n))
	if err == nil && int64(len(part)) < n {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	return part, nil
}
