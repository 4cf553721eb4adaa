/* The compiled half of ferraris.codec.records: records of one form, taken to Python values. Its arrays are in _arrays.c.

   What it does, and what each name means, stands in records.py beside its Python twin; both pass the same tests. Nothing
   here knows A-XDR, a key or a clock: octets that must be as they are (under a mask), and fields between them.

   Every read is inside the octets given: the size of a record is the sum of its format, checked when the layout is made,
   and the count of records is held against the octets before the first is read. */

#include "_records.h"

#define INSTANT_OCTETS 12
#define FRONT_SLOTS 4096 /* a power of two: instants seen last, found without making their octets an object */
#define RUN_SLOTS 128    /* a power of two: the instants of the rows of the last profile, each at its row's place */
#define SHARED_NUMBERS 65536
#define REPEAT_MAX 99999999

/* Numbers below this are made once and then shared, as CPython does up to 256: most of what a meter tells (voltages,
   currents, powers, the energy of a quarter of an hour) is among them. At most 2 MiB, when all of them have been met. */
static PyObject *shared_numbers[SHARED_NUMBERS];

/* ---- Instants: what a date-time's octets mean -------------------------------------------------------------------- */

typedef struct {
    uint8_t octets[INSTANT_OCTETS];
    PyObject *instant; /* NULL: the slot is free */
} Slot;

struct Instants {
    PyObject_HEAD
    PyObject *known;
    Slot *front; /* by what their octets mix to */
    Slot *run;   /* by row: meters that are read for one day name the same times in the same rows */
};

static PyObject *instants_new(PyTypeObject *type, PyObject *arguments, PyObject *named) {
    static char *names[] = {"known", NULL};
    PyObject *known;
    if (!PyArg_ParseTupleAndKeywords(arguments, named, "O!:Instants", names, &PyDict_Type, &known)) return NULL;
    Instants *self = (Instants *)type->tp_alloc(type, 0);
    if (self == NULL) return NULL;
    self->known = Py_NewRef(known);
    self->front = PyMem_Calloc(FRONT_SLOTS, sizeof(Slot));
    self->run = PyMem_Calloc(RUN_SLOTS, sizeof(Slot));
    if (self->front == NULL || self->run == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static int instants_traverse(Instants *self, visitproc visit, void *arg) {
    Py_VISIT(self->known);
    for (int i = 0; self->front != NULL && i < FRONT_SLOTS; i++) Py_VISIT(self->front[i].instant);
    for (int i = 0; self->run != NULL && i < RUN_SLOTS; i++) Py_VISIT(self->run[i].instant);
    return 0;
}

static int instants_clear(Instants *self) {
    Py_CLEAR(self->known);
    for (int i = 0; self->front != NULL && i < FRONT_SLOTS; i++) Py_CLEAR(self->front[i].instant);
    for (int i = 0; self->run != NULL && i < RUN_SLOTS; i++) Py_CLEAR(self->run[i].instant);
    return 0;
}

static void instants_free(Instants *self) {
    PyObject_GC_UnTrack(self);
    instants_clear(self);
    PyMem_Free(self->front);
    PyMem_Free(self->run);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static inline int holds(const Slot *slot, const uint8_t *octets) {
    return slot->instant != NULL && memcmp(slot->octets, octets, INSTANT_OCTETS) == 0;
}

static void keep(Slot *slot, const uint8_t *octets, PyObject *instant) {
    memcpy(slot->octets, octets, INSTANT_OCTETS);
    Py_INCREF(instant);
    Py_XSETREF(slot->instant, instant);
}

/* The instant that 12 octets name, as a new reference. NULL with KeyError when it is not known. */
static PyObject *find_instant(Instants *self, const uint8_t *octets) {
    uint64_t first;
    uint32_t last;
    memcpy(&first, octets, 8);
    memcpy(&last, octets + 8, 4);
    uint64_t mixed = (first ^ ((uint64_t)last << 21)) * UINT64_C(0x9E3779B97F4A7C15);
    Slot *slot = &self->front[mixed >> 52];
    if (holds(slot, octets)) return Py_NewRef(slot->instant);
    PyObject *key = PyBytes_FromStringAndSize((const char *)octets, INSTANT_OCTETS);
    if (key == NULL) return NULL;
    PyObject *instant = PyDict_GetItemWithError(self->known, key);
    if (instant == NULL) {
        if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, key);
        Py_DECREF(key);
        return NULL;
    }
    Py_DECREF(key);
    Py_INCREF(instant);
    keep(slot, octets, instant);
    return instant;
}

/* The same, looked for first where it was in this row of the last profile. */
static PyObject *instant_of(Instants *self, const uint8_t *octets, Py_ssize_t row) {
    Slot *slot = &self->run[row & (RUN_SLOTS - 1)];
    if (holds(slot, octets)) return Py_NewRef(slot->instant);
    PyObject *instant = find_instant(self, octets);
    if (instant != NULL) keep(slot, octets, instant);
    return instant;
}

static PyTypeObject InstantsType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "ferraris.codec._records.Instants",
    .tp_doc = "See ferraris.codec.records.",
    .tp_basicsize = sizeof(Instants),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = instants_new,
    .tp_traverse = (traverseproc)instants_traverse,
    .tp_clear = (inquiry)instants_clear,
    .tp_dealloc = (destructor)instants_free,
};

/* ---- RecordLayout: where the fields of a record stand ------------------------------------------------------------ */

static Py_ssize_t octets_of(char code) {
    switch (code) {
    case 'x': case 's': case 'B': case 'b': return 1;
    case 'H': case 'h': return 2;
    case 'I': case 'i': case 'f': return 4;
    case 'Q': case 'q': case 'd': return 8;
    case 'T': return INSTANT_OCTETS;
    default: return -1;
    }
}

/* Fill in `fields` (as many as the format has characters, at least) from a format of struct, big-endian. -1 with an error. */
static int read_format(RecordLayout *self, const char *format) {
    if (*format == '>') format++;
    do {
        Py_ssize_t repeat = 1;
        int given = 0;
        if (*format >= '0' && *format <= '9') {
            for (repeat = 0, given = 1; *format >= '0' && *format <= '9'; format++) {
                repeat = repeat * 10 + (*format - '0');
                if (repeat > REPEAT_MAX) break;
            }
        }
        char code = *format ? *format++ : '\0';
        Py_ssize_t octets = octets_of(code);
        if (octets < 0 || repeat > REPEAT_MAX || (given && code != 'x' && code != 's')) {
            PyErr_Format(PyExc_ValueError, "a record's format has '%c' where a code of struct or T is expected", code);
            return -1;
        }
        octets *= repeat;
        if (code != 'x') self->fields[self->count++] = (Field){code, self->octets, octets};
        self->octets += octets;
        if (self->octets > INT32_MAX) {
            PyErr_SetString(PyExc_ValueError, "a record's format is too long");
            return -1;
        }
    } while (*format);
    return 0;
}

/* Read what a layout is made of into a new one. -1 with an error. */
static int make(RecordLayout *self, PyObject *arguments, PyObject *named) {
    static char *names[] = {"codes", "fixed", "mask", "instants", "kind", "leading", "last", NULL};
    const char *format, *fixed, *mask;
    Py_ssize_t fixed_octets, mask_octets;
    PyObject *instants = Py_None, *kind = NULL, *last = Py_None;
    if (!PyArg_ParseTupleAndKeywords(arguments, named, "sy#y#|OO!nO:RecordLayout", names, &format, &fixed, &fixed_octets,
                                     &mask, &mask_octets, &instants, &PyType_Type, &kind, &self->leading, &last))
        return -1;
    if (instants != Py_None && !PyObject_TypeCheck(instants, &InstantsType)) {
        PyErr_SetString(PyExc_TypeError, "instants are Instants or None");
        return -1;
    }
    self->fields = PyMem_Calloc(strlen(format) + 1, sizeof(Field));
    if (self->fields == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (read_format(self, format) < 0) return -1;
    if (self->octets == 0 || fixed_octets != self->octets || mask_octets != self->octets) {
        PyErr_Format(PyExc_ValueError, "a record of %zd octets has %zd fixed octets and a mask of %zd", self->octets,
                     fixed_octets, mask_octets);
        return -1;
    }
    for (Py_ssize_t i = 0; i < self->count; i++) {
        if (self->fields[i].code == 'T' && instants == Py_None) {
            PyErr_SetString(PyExc_ValueError, "a record with T needs instants");
            return -1;
        }
    }
    if (kind != NULL && (!PyType_IsSubtype((PyTypeObject *)kind, &PyTuple_Type) || self->leading < 0 ||
                         self->leading > self->count)) {
        PyErr_SetString(PyExc_ValueError, "a record unpacks to a tuple of a kind, with as many leading fields as it has");
        return -1;
    }
    if (kind != (PyObject *)&PyTuple_Type) self->kind = (PyTypeObject *)Py_XNewRef(kind);
    self->last = Py_NewRef(last);
    self->fixed = PyMem_Malloc(self->octets);
    self->mask = PyMem_Malloc(self->octets);
    if (self->fixed == NULL || self->mask == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(self->mask, mask, self->octets);
    for (Py_ssize_t i = 0; i < self->octets; i++) self->fixed[i] = (uint8_t)(fixed[i] & mask[i]);
    if (instants != Py_None) self->instants = (Instants *)Py_NewRef(instants);
    return 0;
}

static PyObject *layout_new(PyTypeObject *type, PyObject *arguments, PyObject *named) {
    RecordLayout *self = (RecordLayout *)type->tp_alloc(type, 0);
    if (self != NULL && make(self, arguments, named) < 0) Py_CLEAR(self);
    return (PyObject *)self;
}

static int layout_traverse(RecordLayout *self, visitproc visit, void *arg) {
    Py_VISIT(self->instants);
    Py_VISIT(self->kind);
    Py_VISIT(self->last);
    return 0;
}

static int layout_clear(RecordLayout *self) {
    Py_CLEAR(self->instants);
    Py_CLEAR(self->kind);
    Py_CLEAR(self->last);
    return 0;
}

static void layout_free(RecordLayout *self) {
    PyObject_GC_UnTrack(self);
    layout_clear(self);
    PyMem_Free(self->fields);
    PyMem_Free(self->fixed);
    PyMem_Free(self->mask);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* So many octets as are compared at once. */
#ifdef __GNUC__
typedef uint64_t Chunk __attribute__((vector_size(16)));
#else
typedef uint64_t Chunk;
#endif
#define CHUNK_OCTETS ((Py_ssize_t)sizeof(Chunk))

static inline Chunk chunk(const uint8_t *octets) {
    Chunk value;
    memcpy(&value, octets, sizeof(Chunk));
    return value;
}

static inline int any(Chunk value) {
    uint64_t parts[sizeof(Chunk) / 8];
    memcpy(parts, &value, sizeof(Chunk));
    return (parts[0] | parts[sizeof(Chunk) / 8 - 1]) != 0;
}

/* Whether `count` records have the octets that all must have: a chunk at a time through all records, the last chunk whatever
   those before were. */
int records_hold(const RecordLayout *self, const uint8_t *records, Py_ssize_t count) {
    const Py_ssize_t octets = self->octets;
    if (octets < CHUNK_OCTETS) {
        for (; count > 0; count--, records += octets)
            for (Py_ssize_t at = 0; at < octets; at++)
                if ((records[at] & self->mask[at]) != self->fixed[at]) return 0;
        return 1;
    }
    for (Py_ssize_t next = 0; next < octets; next += CHUNK_OCTETS) {
        const Py_ssize_t at = next + CHUNK_OCTETS <= octets ? next : octets - CHUNK_OCTETS;
        const Chunk mask = chunk(self->mask + at), fixed = chunk(self->fixed + at);
        if (!any(mask)) continue;
        const uint8_t *record = records + at;
        Chunk differs = mask ^ mask;
        for (Py_ssize_t i = 0; i < count; i++, record += octets) differs |= (chunk(record) & mask) ^ fixed;
        if (any(differs)) return 0;
    }
    return 1;
}

static inline PyObject *number(uint64_t value) {
    if (value < SHARED_NUMBERS) {
        PyObject *shared = shared_numbers[value];
        if (shared == NULL) {
            shared = PyLong_FromUnsignedLongLong(value);
            if (shared == NULL) return NULL;
            shared_numbers[value] = shared;
        }
        return Py_NewRef(shared);
    }
    return value <= LONG_MAX ? PyLong_FromLong((long)value) : PyLong_FromUnsignedLongLong(value);
}

static inline PyObject *signed_number(int64_t value) {
    return value >= 0 ? number((uint64_t)value) : PyLong_FromLongLong(value);
}

static inline PyObject *float_of(double value) {
    return value == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(value);
}

static inline uint64_t big_endian(const uint8_t *octets, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++) value = value << 8 | octets[i];
    return value;
}

/* One field of `count` records, put into a place in as many tuples. Field by field, so that what a field is gets asked
   once and not for every record. 0 with an error set where a value could not be made: its place stays empty. */
#define FILL(VALUE)                                                                                                    \
    for (Py_ssize_t i = 0; i < count; i++, octets += step) {                                                           \
        PyObject *value = (VALUE);                                                                                     \
        if (value == NULL) return 0;                                                                                   \
        PyTuple_SET_ITEM(tuples[i], place, value);                                                                     \
    }                                                                                                                  \
    return 1

static int fill(const RecordLayout *self, Py_ssize_t which, Py_ssize_t place, const uint8_t *octets, PyObject **tuples,
                Py_ssize_t count) {
    const Field *field = &self->fields[which];
    const Py_ssize_t step = self->octets;
    octets += field->offset;
    switch (field->code) {
    case 'B': FILL(number(octets[0]));
    case 'H': FILL(number(big_endian(octets, 2)));
    case 'I': FILL(number(big_endian(octets, 4)));
    case 'Q': FILL(number(big_endian(octets, 8)));
    case 'b': FILL(signed_number((int8_t)octets[0]));
    case 'h': FILL(signed_number((int16_t)big_endian(octets, 2)));
    case 'i': FILL(signed_number((int32_t)big_endian(octets, 4)));
    case 'q': FILL(signed_number((int64_t)big_endian(octets, 8)));
    case 'f': FILL(float_of(PyFloat_Unpack4((const char *)octets, 0)));
    case 'd': FILL(float_of(PyFloat_Unpack8((const char *)octets, 0)));
    case 'T': FILL(instant_of(self->instants, octets, i));
    default: FILL(PyBytes_FromStringAndSize((const char *)octets, field->octets));
    }
}

static PyObject *layout_unpack(RecordLayout *self, PyObject *octets) {
    if (!PyBytes_Check(octets)) {
        PyErr_SetString(PyExc_TypeError, "a record is bytes");
        return NULL;
    }
    const uint8_t *record = (const uint8_t *)PyBytes_AS_STRING(octets);
    if (PyBytes_GET_SIZE(octets) != self->octets || !records_hold(self, record, 1)) Py_RETURN_NONE;
    const Py_ssize_t leading = self->kind == NULL ? 0 : self->leading;
    PyObject *whole = NULL, *rest = PyTuple_New(self->count - leading);
    if (rest != NULL && self->kind != NULL) {
        whole = self->kind->tp_alloc(self->kind, leading + 2);
        if (whole == NULL) Py_CLEAR(rest);
    }
    for (Py_ssize_t field = 0; rest != NULL && field < self->count; field++) {
        PyObject **into = field < leading ? &whole : &rest;
        if (!fill(self, field, field < leading ? field : field - leading, record, into, 1)) Py_CLEAR(rest);
    }
    if (self->kind == NULL) return rest;
    if (rest == NULL) {
        Py_XDECREF(whole);
        return NULL;
    }
    PyTuple_SET_ITEM(whole, leading, rest);
    PyTuple_SET_ITEM(whole, leading + 1, Py_NewRef(self->last));
    return whole;
}

static PyObject *layout_match(RecordLayout *self, PyObject *const *arguments, Py_ssize_t given) {
    if (given != 3 || !PyBytes_Check(arguments[0])) {
        PyErr_SetString(PyExc_TypeError, "expected bytes, an offset and a count of records");
        return NULL;
    }
    const Py_ssize_t offset = PyLong_AsSsize_t(arguments[1]), octets = PyBytes_GET_SIZE(arguments[0]);
    if (offset == -1 && PyErr_Occurred()) return NULL;
    const Py_ssize_t count = PyLong_AsSsize_t(arguments[2]);
    if (count == -1 && PyErr_Occurred()) return NULL;
    if (offset < 0 || count < 0 || offset > octets || count > (octets - offset) / self->octets) Py_RETURN_FALSE;
    return PyBool_FromLong(records_hold(self, (const uint8_t *)PyBytes_AS_STRING(arguments[0]) + offset, count));
}

/* Where the records of an array begin. NULL with an error where they don't all fit. */
static const uint8_t *records_of(RecordLayout *self, PyObject *array, Py_ssize_t *count) {
    if (!PyObject_TypeCheck(array, &RecordArrayType)) {
        PyErr_SetString(PyExc_TypeError, "expected an array of records");
        return NULL;
    }
    const RecordArray *records = (RecordArray *)array;
    const Py_ssize_t octets = PyBytes_GET_SIZE(records->octets);
    if (records->start > octets || records->count > (octets - records->start) / self->octets) {
        PyErr_SetString(PyExc_ValueError, "an array has fewer octets than its records");
        return NULL;
    }
    *count = records->count;
    return (const uint8_t *)PyBytes_AS_STRING(records->octets) + records->start;
}

static PyObject *layout_rows(RecordLayout *self, PyObject *array) {
    Py_ssize_t count;
    const uint8_t *records = records_of(self, array, &count);
    if (records == NULL) return NULL;
    PyObject *rows = PyList_New(count);
    for (Py_ssize_t i = 0; rows != NULL && i < count; i++) {
        PyObject *row = PyTuple_New(self->count);
        if (row == NULL) Py_CLEAR(rows);
        else PyList_SET_ITEM(rows, i, row);
    }
    for (Py_ssize_t place = 0; rows != NULL && place < self->count; place++)
        if (!fill(self, place, place, records, ((PyListObject *)rows)->ob_item, count)) Py_CLEAR(rows);
    return rows;
}

/* One field of `count` records as integers of 64 bits in the machine's order. 0 where a number is too large for that. */
#define PUT(VALUE)                                                                                                     \
    for (Py_ssize_t i = 0; i < count; i++, octets += step) into[i] = (int64_t)(VALUE);                                 \
    return 1

static int put(const RecordLayout *self, const Field *field, const uint8_t *octets, int64_t *into, Py_ssize_t count) {
    const Py_ssize_t step = self->octets;
    octets += field->offset;
    switch (field->code) {
    case 'B': PUT(octets[0]);
    case 'H': PUT(big_endian(octets, 2));
    case 'I': PUT(big_endian(octets, 4));
    case 'b': PUT((int8_t)octets[0]);
    case 'h': PUT((int16_t)big_endian(octets, 2));
    case 'i': PUT((int32_t)big_endian(octets, 4));
    case 'q': PUT(big_endian(octets, 8));
    case 'Q':
        for (Py_ssize_t i = 0; i < count; i++)
            if (octets[i * step] & 0x80) return 0;
        PUT(big_endian(octets, 8));
    default: PUT(0);
    }
}

static PyObject *layout_integers(RecordLayout *self, PyObject *array) {
    Py_ssize_t count;
    const uint8_t *records = records_of(self, array, &count);
    if (records == NULL) return NULL;
    if (count > PY_SSIZE_T_MAX / (Py_ssize_t)sizeof(int64_t) / (self->count + 1)) return PyErr_NoMemory();
    PyObject *integers = PyBytes_FromStringAndSize(NULL, self->count * count * (Py_ssize_t)sizeof(int64_t));
    if (integers == NULL) return NULL;
    int64_t *into = (int64_t *)(void *)PyBytes_AS_STRING(integers);
    for (Py_ssize_t field = 0; field < self->count; field++, into += count) {
        if (!put(self, &self->fields[field], records, into, count)) {
            Py_DECREF(integers);
            PyErr_SetString(PyExc_OverflowError, "a number is too large for 64 bits with a sign");
            return NULL;
        }
    }
    return integers;
}

static PyObject *layout_octets(RecordLayout *self, void *closure) { return PyLong_FromSsize_t(self->octets); }

static PyMethodDef layout_methods[] = {
    {"unpack", (PyCFunction)layout_unpack, METH_O, "See ferraris.codec.records."},
    {"match", (PyCFunction)(void (*)(void))layout_match, METH_FASTCALL, "See ferraris.codec.records."},
    {"integers", (PyCFunction)layout_integers, METH_O, "See ferraris.codec.records."},
    {"rows", (PyCFunction)layout_rows, METH_O, "See ferraris.codec.records."},
    {NULL},
};
static PyGetSetDef layout_attributes[] = {{"octets", (getter)layout_octets, NULL, "Octets of a record.", NULL}, {NULL}};

PyTypeObject RecordLayoutType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "ferraris.codec._records.RecordLayout",
    .tp_doc = "See ferraris.codec.records.",
    .tp_basicsize = sizeof(RecordLayout),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = layout_new,
    .tp_traverse = (traverseproc)layout_traverse,
    .tp_clear = (inquiry)layout_clear,
    .tp_dealloc = (destructor)layout_free,
    .tp_methods = layout_methods,
    .tp_getset = layout_attributes,
};

static PyMethodDef functions[] = {
    {"find_array", (PyCFunction)(void (*)(void))find_array, METH_FASTCALL, "See ferraris.codec.records."},
    {NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "ferraris.codec._records",
    .m_doc = "The compiled half of ferraris.codec.records.",
    .m_size = -1, /* the shared numbers belong to the process */
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__records(void) {
    PyObject *made = PyModule_Create(&module);
    if (made == NULL) return NULL;
    if (PyModule_AddType(made, &InstantsType) < 0 || PyModule_AddType(made, &RecordLayoutType) < 0 ||
        PyModule_AddType(made, &RecordArrayType) < 0) {
        Py_DECREF(made);
        return NULL;
    }
    return made;
}
