package hsm

/*
#cgo linux LDFLAGS: -ldl
#cgo noescape crossing_sign
#cgo nocallback crossing_sign
#cgo noescape crossing_probe
#cgo nocallback crossing_probe

#include <dlfcn.h>
#include <stddef.h>

// What is needed of PKCS#11 v2.40: CK_ULONG is also CK_RV and every handle, and
// CK_FUNCTION_LIST is a version and then 68 functions in one order for ever.
typedef unsigned long ulong_t;
typedef unsigned char byte_t;
typedef struct { byte_t version[2]; void *f[68]; } list_t;
typedef struct { ulong_t type; void *parameter; ulong_t length; } mechanism_t;
typedef struct { ulong_t hash, mgf, salt; } pss_t;

enum { GET_SESSION_INFO = 15, SIGN_INIT = 42, SIGN = 43 };

typedef ulong_t (*get_list_t)(list_t **);
typedef ulong_t (*info_t)(ulong_t, void *);
typedef ulong_t (*sign_init_t)(ulong_t, mechanism_t *, ulong_t);
typedef ulong_t (*sign_t)(ulong_t, const byte_t *, ulong_t, byte_t *, ulong_t *);

static void *crossing_list(const char *path)
{
	list_t *list = NULL;
	get_list_t get = NULL;
	void *library = dlopen(path, RTLD_LAZY);
	if (library)
		*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (!get || get(&list) != 0)
		return NULL;
	return list;
}

static ulong_t crossing_probe(void *list, ulong_t session)
{
	struct { ulong_t slot, state, flags, device; } info;
	return ((info_t)((list_t *)list)->f[GET_SESSION_INFO])(session, &info);
}

// An order is one signature: what it is of, and what became of it.
typedef struct {
	ulong_t session, mechanism, key;
	pss_t pss; // salt 0: the mechanism has no parameter
	ulong_t in_length, out_length;
	ulong_t begun; // C_Sign was called
	byte_t in[128], out[1024];
} order_t;

static ulong_t crossing_sign(void *list, order_t *o)
{
	list_t *l = list;
	mechanism_t m = {o->mechanism, NULL, 0};
	if (o->pss.salt) {
		m.parameter = &o->pss;
		m.length = sizeof o->pss;
	}
	ulong_t rv = ((sign_init_t)l->f[SIGN_INIT])(o->session, &m, o->key);
	if (rv)
		return rv;
	o->begun = 1;
	o->out_length = sizeof o->out;
	return ((sign_t)l->f[SIGN])(o->session, o->in, o->in_length, o->out, &o->out_length);
}
*/
import "C"

import (
	"bytes"
	"unsafe"

	"github.com/miekg/pkcs11"
)

// A crossing is a way into the library beside miekg/pkcs11's, for the one thing
// that is done all the time: C_SignInit and C_Sign in one step from Go to C and
// back, without asking for the signature's length before. It is the library's
// own list of functions, which must be the very library that the other way
// leads to: each session that is opened the other way is asked for here before
// it is used here (leadsTo), since some modules, p11-kit's client among them,
// give everybody who asks another instance of themselves.
type crossing struct{ list unsafe.Pointer }

// newCrossing finds the functions of the library at path, which is loaded.
func newCrossing(path string) crossing {
	name := append([]byte(path), 0)
	return crossing{C.crossing_list((*C.char)(unsafe.Pointer(&name[0])))}
}

// leadsTo reports whether the session is one of this way too.
func (c crossing) leadsTo(session pkcs11.SessionHandle) bool {
	return c.list != nil && C.crossing_probe(c.list, C.ulong_t(session)) == pkcs11.CKR_OK
}

// An order is a worker's, for one signature after the other.
type order struct{ c C.order_t }

// sign does C_SignInit and C_Sign, and says whether C_Sign was called. The
// block is at most as long as order_t.in.
func (o *order) sign(c crossing, session pkcs11.SessionHandle, b block, key pkcs11.ObjectHandle) (signature []byte, called bool, err error) {
	o.c.session, o.c.mechanism, o.c.key = C.ulong_t(session), C.ulong_t(b.mechanism), C.ulong_t(key)
	o.c.pss = C.pss_t{C.ulong_t(b.hash), C.ulong_t(b.mgf), C.ulong_t(b.salt)}
	in := unsafe.Slice((*byte)(&o.c.in[0]), len(o.c.in))
	o.c.in_length, o.c.begun = C.ulong_t(copy(in, b.text)), 0
	rv := C.crossing_sign(c.list, &o.c)
	called = o.c.begun != 0
	if rv != pkcs11.CKR_OK {
		return nil, called, pkcs11.Error(rv)
	}
	out := unsafe.Slice((*byte)(&o.c.out[0]), len(o.c.out))
	return bytes.Clone(out[:min(int(o.c.out_length), len(out))]), called, nil
}
