package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime/debug"
)

// maxStack is how much the stack of a goroutine of a child may grow: what nests
// deeper than this holds is no document.
const maxStack = 64 << 20

// Serve is a child: it reads one order from in, takes away from itself what the
// work does not need, does the work and writes its report to out. It ends when
// this has been done, or it is ended.
func Serve(in io.Reader, out io.Writer, works map[string]Work) error {
	head, err := readPart(in, maxHead)
	if err != nil {
		return err
	}
	var o order
	if err := json.Unmarshal(head, &o); err != nil {
		return errFrame
	}
	debug.SetMaxStack(maxStack)
	debug.SetMemoryLimit(o.Limits.Memory / 4 * 3)
	lacks, err := confine(o.Limits)
	if err != nil {
		return err
	}
	document, err := readPart(in, math.MaxInt)
	if err != nil {
		return err
	}
	var said report
	product := []byte(nil)
	switch work, known := works[o.Work]; {
	case o.Work == probe:
		said.Answer, err = encode(lacking{lacks})
	case !known:
		err = fmt.Errorf("no work is called %q", o.Work)
	default:
		said, product, err = do(work, o.Order, document)
	}
	if err != nil {
		said = report{Failure: err.Error()}
	}
	if head, err = encode(said); err != nil {
		return err
	}
	return writeMessage(out, head, product)
}

// do does the work, and reports a panic as a failure.
func do(work Work, order json.RawMessage, document []byte) (said report, product []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	answer, product, err := work(order, document)
	var refused *Refusal
	if errors.As(err, &refused) {
		return report{Refusal: refused}, nil, nil
	}
	if err != nil {
		return report{}, nil, err
	}
	said.Answer, err = encode(answer)
	return said, product, err
}
