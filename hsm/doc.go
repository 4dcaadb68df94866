// Package hsm is the device: any PKCS#11 library, and one token of it. No other
// package knows PKCS#11.
//
// Four things about such libraries shaped what is here.
//
// Their state is the process's, not ours: a library is initialised once, a
// token has one login for all sessions, and a call that runs while another
// closes its session, logs out or finalises takes the whole process with it. So
// a module has one owner in the process, and a gate: every call passes through
// it together with others, what ends sessions passes through it alone.
//
// A session does one thing at a time. Each belongs to one goroutine (a worker)
// for good; a request is handed to a worker and waited for as long as its
// context lasts. A request that gave up before its turn is never begun. One
// that gave up while the device worked on it gets no answer, although the
// device may finish it: the caller must count it as made.
//
// Requests wait in a queue whose turns go round the keys, so that who has a
// thousand things signed delays another by one of them; and who signs for
// strangers asks for places in it first (Admit), before anything is spent.
//
// Handles are numbered anew when a library is reloaded, and the number of one
// key becomes that of another. So a handle is only used in the epoch it was
// found in: keys are known by CKA_ID, an epoch begins with each login, and the
// epoch cannot change while a call runs. The same holds for copies of keys, which
// are made in a session where the operator wants it: they are as guarded as their
// keys, die with the login, and are not trusted to outlive the key (copies.go).
//
// Libraries name the same fault differently. A code therefore only says where
// to begin on the ladder — a new session, a new handle, a new login, a reloaded
// library — and a signature with the canary, a key nobody else uses, decides
// whether it is the device that is ill or the key that is gone (ckr.go,
// recover.go). A refused PIN is never sent twice.
//
// What is signed is always a block made here from a table: the device itself
// would sign anything. Whether a signature is the right one is for package
// signing to verify, with the key of the certificate.
package hsm
