/*
 * A PKCS#11 module that passes every call on to another, and writes down each
 * signature before and after it is made. It knows nothing of the server: what
 * it wrote is how many signatures there are.
 *
 * PECETE_COUNT_MODULE   the library to pass calls on to
 * PECETE_COUNT_LOG      the file to append to, one JSON object a line, fsynced
 *
 * and, for tests of what depends on a faithful device:
 *
 * PECETE_COUNT_KEY      CKA_ID in hex: only this key is tampered with
 * PECETE_COUNT_CORRUPT  1: a bit of every signature is wrong
 * PECETE_COUNT_SWAP     CKA_ID in hex: this key signs instead
 * PECETE_COUNT_RV       a CKR code: answered although the signature was made
 * PECETE_COUNT_DELAY    milliseconds that a signature takes longer
 * PECETE_COUNT_LOGIN    a number, a blank and a CKR code: so many logins are
 *                       answered with it and not passed on, as SoftHSM does
 *                       while another process logs in
 * PECETE_COUNT_CONTROL  a file with orders, one a line, obeyed and removed by the
 *                       next C_SignInit, between all other calls: sessions,
 *                       logout or reload does to the module what another part of
 *                       the process could, behind the back of whoever uses it;
 *                       corrupt, swap, rv or delay, a blank, and a value sets
 *                       what the variable of that name does
 *
 * The variables are read by C_Initialize. A line that cannot be written stops
 * the signature: CKR_FUNCTION_FAILED.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long ulong_t; /* CK_ULONG, CK_RV and all handles */
typedef unsigned char byte_t;

/* CK_FUNCTION_LIST (PKCS#11 v2.40): a version, then 68 functions in this order. */
enum {
	INITIALIZE = 0, FINALIZE = 1, GET_FUNCTION_LIST = 3, GET_SLOT_LIST = 4, OPEN_SESSION = 12,
	CLOSE_SESSION = 13, CLOSE_ALL_SESSIONS = 14, LOGIN = 18, LOGOUT = 19,
	GET_ATTRIBUTE_VALUE = 24, FIND_OBJECTS_INIT = 26, FIND_OBJECTS = 27, FIND_OBJECTS_FINAL = 28,
	SIGN_INIT = 42, SIGN = 43, SIGN_UPDATE = 44, SIGN_FINAL = 45,
	SIGN_RECOVER_INIT = 46, SIGN_RECOVER = 47, WAIT_FOR_SLOT_EVENT = 67, FUNCTIONS = 68
};

typedef struct { byte_t version[2]; void *f[FUNCTIONS]; } list_t;
typedef struct { ulong_t type; void *value; ulong_t length; } attribute_t;
typedef struct { ulong_t mechanism; void *parameter; ulong_t length; } mechanism_t;

#define OK                    0x000UL
#define GENERAL_ERROR         0x005UL
#define FUNCTION_FAILED       0x006UL
#define NOT_INITIALIZED       0x190UL
#define CKA_CLASS             0x000UL
#define CKA_ID                0x102UL
#define CKO_PRIVATE_KEY       3UL

static list_t ours;
static list_t *theirs;
static void *library;
static int log_file = -1;
static unsigned long sequence;
static long long instance; /* tells two loaded copies in one process apart */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char only_key[512], swap_key[512];
static const char *control = "";
static int corrupt;
static ulong_t false_rv;
static long delay_ms;
static long login_faults;
static ulong_t login_rv;

/* ---- SHA-256 (FIPS 180-4) ---- */

typedef struct { uint32_t h[8]; uint64_t length; byte_t block[64]; } sha_t;

static const uint32_t K[64] = {
	0x428a2f98,0x71374491,0xb5c0fbcf,0xe9b5dba5,0x3956c25b,0x59f111f1,0x923f82a4,0xab1c5ed5,
	0xd807aa98,0x12835b01,0x243185be,0x550c7dc3,0x72be5d74,0x80deb1fe,0x9bdc06a7,0xc19bf174,
	0xe49b69c1,0xefbe4786,0x0fc19dc6,0x240ca1cc,0x2de92c6f,0x4a7484aa,0x5cb0a9dc,0x76f988da,
	0x983e5152,0xa831c66d,0xb00327c8,0xbf597fc7,0xc6e00bf3,0xd5a79147,0x06ca6351,0x14292967,
	0x27b70a85,0x2e1b2138,0x4d2c6dfc,0x53380d13,0x650a7354,0x766a0abb,0x81c2c92e,0x92722c85,
	0xa2bfe8a1,0xa81a664b,0xc24b8b70,0xc76c51a3,0xd192e819,0xd6990624,0xf40e3585,0x106aa070,
	0x19a4c116,0x1e376c08,0x2748774c,0x34b0bcb5,0x391c0cb3,0x4ed8aa4a,0x5b9cca4f,0x682e6ff3,
	0x748f82ee,0x78a5636f,0x84c87814,0x8cc70208,0x90befffa,0xa4506ceb,0xbef9a3f7,0xc67178f2};

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void sha_block(sha_t *s)
{
	uint32_t w[64], v[8];
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)s->block[4*i] << 24 | (uint32_t)s->block[4*i+1] << 16 | (uint32_t)s->block[4*i+2] << 8 | s->block[4*i+3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i-16] + (rotate(w[i-15], 7) ^ rotate(w[i-15], 18) ^ w[i-15] >> 3)
		     + w[i-7] + (rotate(w[i-2], 17) ^ rotate(w[i-2], 19) ^ w[i-2] >> 10);
	memcpy(v, s->h, sizeof v);
	for (int i = 0; i < 64; i++) {
		uint32_t a = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w[i];
		uint32_t b = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof v[0]);
		v[4] += a;
		v[0] = a + b;
	}
	for (int i = 0; i < 8; i++)
		s->h[i] += v[i];
}

static void sha_begin(sha_t *s)
{
	static const uint32_t start[8] = {0x6a09e667,0xbb67ae85,0x3c6ef372,0xa54ff53a,0x510e527f,0x9b05688c,0x1f83d9ab,0x5be0cd19};
	memcpy(s->h, start, sizeof start);
	s->length = 0;
}

static void sha_add(sha_t *s, const byte_t *data, ulong_t n)
{
	for (ulong_t i = 0; i < n; i++) {
		s->block[s->length++ % 64] = data[i];
		if (s->length % 64 == 0)
			sha_block(s);
	}
}

static void sha_hex(sha_t s, char *hex)
{
	uint64_t bits = s.length * 8;
	byte_t one = 0x80, zero = 0, end[8];
	sha_add(&s, &one, 1);
	while (s.length % 64 != 56)
		sha_add(&s, &zero, 1);
	for (int i = 0; i < 8; i++)
		end[i] = (byte_t)(bits >> (56 - 8 * i));
	sha_add(&s, end, 8);
	for (int i = 0; i < 8; i++)
		sprintf(hex + 8 * i, "%08x", (unsigned)s.h[i]);
}

/* ---- what is being signed in which session ---- */

typedef struct state {
	struct state *next;
	ulong_t session, mechanism;
	char key[512];
	sha_t parts; /* of C_SignUpdate */
} state_t;

static state_t *states;

/* find_state gives the session's state, made on demand. */
static state_t *find_state(ulong_t session)
{
	pthread_mutex_lock(&lock);
	state_t *s = states;
	while (s && s->session != session)
		s = s->next;
	if (!s && (s = calloc(1, sizeof *s))) {
		s->session = session;
		sha_begin(&s->parts);
		s->next = states;
		states = s;
	}
	pthread_mutex_unlock(&lock);
	return s;
}

static void drop_state(ulong_t session)
{
	pthread_mutex_lock(&lock);
	for (state_t **p = &states; *p; p = &(*p)->next)
		if ((*p)->session == session) {
			state_t *gone = *p;
			*p = gone->next;
			free(gone);
			break;
		}
	pthread_mutex_unlock(&lock);
}

/* ---- the log ---- */

static long long nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (long long)now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int write_line(unsigned long seq, const char *function, const char *when, const state_t *s, const char *input, ulong_t rv)
{
	char line[2048];
	int n = snprintf(line, sizeof line,
		"{\"seq\":%lu,\"instance\":%lld,\"pid\":%ld,\"function\":\"%s\",\"when\":\"%s\",\"key\":\"%s\",\"input\":\"%s\",\"mechanism\":%lu,\"time\":%lld,\"rv\":%lu}\n",
		seq, instance, (long)getpid(), function, when, s ? s->key : "", input, s ? s->mechanism : 0,
		nanoseconds(), rv);
	if (n < 0 || (size_t)n >= sizeof line)
		return -1;
	if (write(log_file, line, (size_t)n) != n) /* O_APPEND: whole lines, whoever else writes */
		return -1;
	return fsync(log_file);
}

static unsigned long next_sequence(void) { return __atomic_add_fetch(&sequence, 1, __ATOMIC_SEQ_CST); }

static int tampered(const state_t *s) { return !only_key[0] || strcmp(only_key, s->key) == 0; }

/* ---- passing on ---- */

/* Every call holds the gate for reading, and an order for writing: to close a
 * session under a call ends the process. */
#ifdef PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP
static pthread_rwlock_t gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
#else
static pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER;
#endif

static ulong_t passed(ulong_t rv)
{
	pthread_rwlock_unlock(&gate);
	return rv;
}

/* No function has more than eight parameters, each as long as a register; whoever
 * takes fewer does not see the rest. WAIT_FOR_SLOT_EVENT, which waits, is not here. */
#define PARAMETERS ulong_t a, ulong_t b, ulong_t c, ulong_t d, ulong_t e, ulong_t g, ulong_t h, ulong_t i
typedef ulong_t (*any_t)(PARAMETERS);
#define PASS(n) static ulong_t pass_##n(PARAMETERS) \
	{ pthread_rwlock_rdlock(&gate); return passed(((any_t)theirs->f[n])(a, b, c, d, e, g, h, i)); }
#define ENTRY(n) [n] = pass_##n,
#define EACH(X) X(1) X(2) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(14) X(15) X(16) X(17) X(19) X(20) X(21) X(22) \
	X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31) X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39) X(40) X(41) \
	X(48) X(49) X(50) X(51) X(52) X(53) X(54) X(55) X(56) X(57) X(58) X(59) X(60) X(61) X(62) X(63) X(64) X(65) X(66)
EACH(PASS)
static void *const passes[FUNCTIONS] = {EACH(ENTRY)};

/* ---- the functions ---- */

typedef ulong_t (*initialize_t)(void *);
typedef ulong_t (*slots_t)(byte_t, ulong_t *, ulong_t *);
typedef ulong_t (*open_t)(ulong_t, ulong_t, void *, void *, ulong_t *);
typedef ulong_t (*close_t)(ulong_t);
typedef ulong_t (*login_t)(ulong_t, ulong_t, byte_t *, ulong_t);
typedef ulong_t (*attribute_fn)(ulong_t, ulong_t, attribute_t *, ulong_t);
typedef ulong_t (*find_init_t)(ulong_t, attribute_t *, ulong_t);
typedef ulong_t (*find_t)(ulong_t, ulong_t *, ulong_t, ulong_t *);
typedef ulong_t (*sign_init_t)(ulong_t, mechanism_t *, ulong_t);
typedef ulong_t (*sign_t)(ulong_t, byte_t *, ulong_t, byte_t *, ulong_t *);
typedef ulong_t (*update_t)(ulong_t, byte_t *, ulong_t);
typedef ulong_t (*sign_final_t)(ulong_t, byte_t *, ulong_t *);

static ulong_t not_initialized(void) { return NOT_INITIALIZED; }

static void key_id(ulong_t session, ulong_t key, char *hex, size_t size)
{
	byte_t id[250];
	attribute_t a = {CKA_ID, id, sizeof id};
	hex[0] = 0;
	if (((attribute_fn)theirs->f[GET_ATTRIBUTE_VALUE])(session, key, &a, 1) != OK || a.length > sizeof id)
		return;
	for (ulong_t i = 0; i < a.length && 2 * i + 3 <= size; i++)
		sprintf(hex + 2 * i, "%02x", id[i]);
}

/* other_key finds the key that PECETE_COUNT_SWAP names, or gives key back. */
static ulong_t other_key(ulong_t session, ulong_t key)
{
	byte_t id[250];
	ulong_t n = strlen(swap_key) / 2, class = CKO_PRIVATE_KEY, found = 0, count = 0;
	for (ulong_t i = 0; i < n && i < sizeof id; i++) {
		unsigned b = 0;
		sscanf(swap_key + 2 * i, "%2x", &b);
		id[i] = (byte_t)b;
	}
	attribute_t template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, id, n}};
	if (((find_init_t)theirs->f[FIND_OBJECTS_INIT])(session, template, 2) != OK)
		return key;
	((find_t)theirs->f[FIND_OBJECTS])(session, &found, 1, &count);
	((close_t)theirs->f[FIND_OBJECTS_FINAL])(session);
	return count == 1 ? found : key;
}

/* logout logs the token in a slot out, which any session can. */
static void logout(ulong_t slot)
{
	ulong_t session;
	if (((open_t)theirs->f[OPEN_SESSION])(slot, 4, NULL, NULL, &session) != OK)
		return;
	((close_t)theirs->f[LOGOUT])(session);
	((close_t)theirs->f[CLOSE_SESSION])(session);
}

static void for_each_slot(void (*what)(ulong_t))
{
	ulong_t slots[64], n = 64;
	if (((slots_t)theirs->f[GET_SLOT_LIST])(1, slots, &n) == OK)
		for (ulong_t i = 0; i < n; i++)
			what(slots[i]);
}

static void close_all(ulong_t slot) { ((close_t)theirs->f[CLOSE_ALL_SESSIONS])(slot); }

static void reload(void)
{
	void *arguments[6] = {0};
	arguments[4] = (void *)2; /* CKF_OS_LOCKING_OK */
	((initialize_t)theirs->f[FINALIZE])(NULL);
	((initialize_t)theirs->f[INITIALIZE])(arguments);
}

static void obey(const char *order, const char *value)
{
	if (strcmp(order, "sessions") == 0)
		for_each_slot(close_all);
	else if (strcmp(order, "logout") == 0)
		for_each_slot(logout);
	else if (strcmp(order, "reload") == 0)
		reload();
	else if (strcmp(order, "corrupt") == 0)
		corrupt = strcmp(value, "1") == 0;
	else if (strcmp(order, "swap") == 0)
		snprintf(swap_key, sizeof swap_key, "%s", value);
	else if (strcmp(order, "rv") == 0)
		false_rv = strtoul(value, NULL, 0);
	else if (strcmp(order, "delay") == 0)
		delay_ms = strtol(value, NULL, 10);
}

/* take_orders obeys the file once, whoever comes first. */
static void take_orders(void)
{
	char line[600];
	if (!control[0] || access(control, F_OK) != 0)
		return;
	pthread_rwlock_wrlock(&gate);
	FILE *orders = fopen(control, "re");
	if (orders) {
		unlink(control);
		while (fgets(line, sizeof line, orders)) {
			line[strcspn(line, "\n")] = 0;
			char *value = strchr(line, ' ');
			if (value)
				*value++ = 0;
			obey(line, value ? value : "");
		}
		fclose(orders);
	}
	pthread_rwlock_unlock(&gate);
}

static ulong_t begin_passed(int function, ulong_t session, mechanism_t *m, ulong_t key)
{
	char asked[512];
	key_id(session, key, asked, sizeof asked);
	if (swap_key[0] && (!only_key[0] || strcmp(only_key, asked) == 0)) {
		key = other_key(session, key);
		key_id(session, key, asked, sizeof asked);
	}
	ulong_t rv = ((sign_init_t)theirs->f[function])(session, m, key);
	if (rv != OK)
		return rv;
	state_t *s = find_state(session);
	if (!s)
		return FUNCTION_FAILED;
	memcpy(s->key, asked, sizeof asked);
	s->mechanism = m->mechanism;
	sha_begin(&s->parts);
	return OK;
}

static ulong_t begin(int function, ulong_t session, mechanism_t *m, ulong_t key)
{
	take_orders();
	pthread_rwlock_rdlock(&gate);
	return passed(begin_passed(function, session, m, key));
}

static ulong_t sign_init(ulong_t session, mechanism_t *m, ulong_t key) { return begin(SIGN_INIT, session, m, key); }
static ulong_t sign_recover_init(ulong_t session, mechanism_t *m, ulong_t key) { return begin(SIGN_RECOVER_INIT, session, m, key); }

/* one_call is C_Sign and C_SignRecover. A NULL buffer asks for the size only. */
static ulong_t one_call(int function, const char *name, ulong_t session, byte_t *data, ulong_t n, byte_t *out, ulong_t *out_n)
{
	sign_t sign = (sign_t)theirs->f[function];
	state_t *s = find_state(session);
	unsigned long seq = next_sequence();
	char input[65];
	sha_t sum;
	if (!s)
		return FUNCTION_FAILED;
	sha_begin(&sum);
	sha_add(&sum, data, data ? n : 0);
	sha_hex(sum, input);
	if (!out) {
		ulong_t rv = sign(session, data, n, out, out_n);
		return write_line(seq, name, "size", s, input, rv) ? FUNCTION_FAILED : rv;
	}
	if (write_line(seq, name, "before", s, input, 0))
		return FUNCTION_FAILED;
	if (delay_ms > 0 && tampered(s))
		usleep((useconds_t)delay_ms * 1000);
	ulong_t rv = sign(session, data, n, out, out_n);
	if (write_line(seq, name, "after", s, input, rv))
		return FUNCTION_FAILED;
	if (rv == OK && corrupt && *out_n > 0 && tampered(s))
		out[*out_n / 2] ^= 1;
	if (rv == OK && false_rv && tampered(s))
		return false_rv;
	return rv;
}

static ulong_t sign(ulong_t session, byte_t *data, ulong_t n, byte_t *out, ulong_t *out_n)
{
	pthread_rwlock_rdlock(&gate);
	return passed(one_call(SIGN, "C_Sign", session, data, n, out, out_n));
}

static ulong_t sign_recover(ulong_t session, byte_t *data, ulong_t n, byte_t *out, ulong_t *out_n)
{
	pthread_rwlock_rdlock(&gate);
	return passed(one_call(SIGN_RECOVER, "C_SignRecover", session, data, n, out, out_n));
}

static ulong_t sign_update(ulong_t session, byte_t *data, ulong_t n)
{
	state_t *s = find_state(session);
	if (!s)
		return FUNCTION_FAILED;
	sha_add(&s->parts, data, data ? n : 0);
	pthread_rwlock_rdlock(&gate);
	return passed(((update_t)theirs->f[SIGN_UPDATE])(session, data, n));
}

static ulong_t last_part(ulong_t session, byte_t *out, ulong_t *out_n)
{
	sign_final_t final = (sign_final_t)theirs->f[SIGN_FINAL];
	state_t *s = find_state(session);
	unsigned long seq = next_sequence();
	char input[65];
	if (!s)
		return FUNCTION_FAILED;
	sha_hex(s->parts, input);
	if (!out) {
		ulong_t rv = final(session, out, out_n);
		return write_line(seq, "C_SignFinal", "size", s, input, rv) ? FUNCTION_FAILED : rv;
	}
	if (write_line(seq, "C_SignFinal", "before", s, input, 0))
		return FUNCTION_FAILED;
	ulong_t rv = final(session, out, out_n);
	if (write_line(seq, "C_SignFinal", "after", s, input, rv))
		return FUNCTION_FAILED;
	if (rv == OK && corrupt && *out_n > 0 && tampered(s))
		out[*out_n / 2] ^= 1;
	return rv;
}

static ulong_t sign_final(ulong_t session, byte_t *out, ulong_t *out_n)
{
	pthread_rwlock_rdlock(&gate);
	return passed(last_part(session, out, out_n));
}

static ulong_t login(ulong_t session, ulong_t user, byte_t *pin, ulong_t n)
{
	unsigned long seq = next_sequence();
	if (write_line(seq, "C_Login", "before", NULL, "", 0))
		return FUNCTION_FAILED;
	pthread_rwlock_rdlock(&gate);
	ulong_t rv = login_rv;
	if (__atomic_fetch_sub(&login_faults, 1, __ATOMIC_SEQ_CST) <= 0)
		rv = ((login_t)theirs->f[LOGIN])(session, user, pin, n);
	rv = passed(rv);
	return write_line(seq, "C_Login", "after", NULL, "", rv) ? FUNCTION_FAILED : rv;
}

static ulong_t close_session(ulong_t session)
{
	drop_state(session);
	pthread_rwlock_rdlock(&gate);
	return passed(((close_t)theirs->f[CLOSE_SESSION])(session));
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value ? value : "";
}

static int prepare(void)
{
	ulong_t (*get)(list_t **);
	const char *path = variable("PECETE_COUNT_MODULE");
	if (!library && !(library = dlopen(path, RTLD_NOW | RTLD_LOCAL))) {
		fprintf(stderr, "PECETE_COUNT_MODULE: %s\n", dlerror());
		return -1;
	}
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (!get || get(&theirs) != OK || !theirs)
		return -1;
	if (log_file >= 0)
		close(log_file);
	log_file = open(variable("PECETE_COUNT_LOG"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (log_file < 0) {
		perror("PECETE_COUNT_LOG");
		return -1;
	}
	snprintf(only_key, sizeof only_key, "%s", variable("PECETE_COUNT_KEY"));
	snprintf(swap_key, sizeof swap_key, "%s", variable("PECETE_COUNT_SWAP"));
	corrupt = strcmp(variable("PECETE_COUNT_CORRUPT"), "1") == 0;
	false_rv = strtoul(variable("PECETE_COUNT_RV"), NULL, 0);
	delay_ms = strtol(variable("PECETE_COUNT_DELAY"), NULL, 10);
	char *code;
	login_faults = strtol(variable("PECETE_COUNT_LOGIN"), &code, 10);
	login_rv = strtoul(code, NULL, 0);
	control = variable("PECETE_COUNT_CONTROL");
	return 0;
}

static ulong_t initialize(void *arguments)
{
	if (prepare())
		return GENERAL_ERROR;
	for (int i = 0; i < FUNCTIONS; i++)
		if (i != INITIALIZE && i != GET_FUNCTION_LIST)
			ours.f[i] = passes[i] && theirs->f[i] ? passes[i] : theirs->f[i];
	ours.f[CLOSE_SESSION] = close_session;
	ours.f[LOGIN] = login;
	ours.f[SIGN_INIT] = sign_init;
	ours.f[SIGN] = sign;
	ours.f[SIGN_UPDATE] = sign_update;
	ours.f[SIGN_FINAL] = sign_final;
	ours.f[SIGN_RECOVER_INIT] = sign_recover_init;
	ours.f[SIGN_RECOVER] = sign_recover;
	return ((initialize_t)theirs->f[INITIALIZE])(arguments);
}

ulong_t C_GetFunctionList(list_t **list)
{
	pthread_mutex_lock(&lock);
	if (!ours.f[INITIALIZE]) {
		instance = nanoseconds();
		ours.version[0] = 2;
		ours.version[1] = 40;
		for (int i = 0; i < FUNCTIONS; i++)
			ours.f[i] = not_initialized;
		ours.f[INITIALIZE] = initialize;
		ours.f[GET_FUNCTION_LIST] = C_GetFunctionList;
	}
	pthread_mutex_unlock(&lock);
	*list = &ours;
	return OK;
}
