/* The compiled half of ferraris.codec.records, its arrays: records that stand one after another in octets, and how an array is
   recognised as one of those met before. */

#include "_records.h"

#include <structmember.h>

#define MET_PARTS 4 /* header, count, records, layout */

static PyObject *make_array(PyTypeObject *kind, PyObject *layout, PyObject *octets, Py_ssize_t start, Py_ssize_t count) {
    RecordArray *self = (RecordArray *)kind->tp_alloc(kind, 0);
    if (self == NULL) return NULL;
    self->layout = Py_NewRef(layout);
    self->octets = Py_NewRef(octets);
    self->start = start;
    self->count = count;
    return (PyObject *)self;
}

static PyObject *array_new(PyTypeObject *type, PyObject *arguments, PyObject *named) {
    static char *names[] = {"layout", "octets", "start", "count", NULL};
    PyObject *layout, *octets;
    Py_ssize_t start, count;
    if (!PyArg_ParseTupleAndKeywords(arguments, named, "OO!nn:RecordArray", names, &layout, &PyBytes_Type, &octets, &start,
                                     &count))
        return NULL;
    if (start < 0 || count < 0) {
        PyErr_SetString(PyExc_ValueError, "an array starts at an octet and has a count of records");
        return NULL;
    }
    return make_array(type, layout, octets, start, count);
}

static int array_traverse(RecordArray *self, visitproc visit, void *arg) {
    Py_VISIT(self->layout);
    return 0;
}

static int array_clear(RecordArray *self) {
    Py_CLEAR(self->layout);
    return 0;
}

static void array_free(RecordArray *self) {
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->layout);
    Py_CLEAR(self->octets);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static Py_ssize_t array_count(RecordArray *self) { return self->count; }

static PySequenceMethods array_sequence = {.sq_length = (lenfunc)array_count};
static PyMemberDef array_members[] = {
    {"layout", T_OBJECT_EX, offsetof(RecordArray, layout), READONLY, "What its maker has to say of its form."},
    {"octets", T_OBJECT_EX, offsetof(RecordArray, octets), READONLY, "The octets that hold it."},
    {"start", T_PYSSIZET, offsetof(RecordArray, start), READONLY, "Where its first record begins."},
    {"count", T_PYSSIZET, offsetof(RecordArray, count), READONLY, "How many records it has."},
    {NULL},
};

PyTypeObject RecordArrayType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "ferraris.codec._records.RecordArray",
    .tp_doc = "See ferraris.codec.records.",
    .tp_basicsize = sizeof(RecordArray),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_new = array_new,
    .tp_traverse = (traverseproc)array_traverse,
    .tp_clear = (inquiry)array_clear,
    .tp_dealloc = (destructor)array_free,
    .tp_members = array_members,
    .tp_as_sequence = &array_sequence,
};

/* The array that `octets` are, when they are as those that `met` tells of. NULL without an error when they are not. */
static PyObject *array_like(PyObject *met, PyObject *octets, PyTypeObject *kind) {
    if (!PyTuple_Check(met) || PyTuple_GET_SIZE(met) != MET_PARTS || !PyBytes_Check(PyTuple_GET_ITEM(met, 0)) ||
        !PyObject_TypeCheck(PyTuple_GET_ITEM(met, 2), &RecordLayoutType)) {
        PyErr_SetString(PyExc_TypeError, "expected a header, a count of records, their form and a layout");
        return NULL;
    }
    PyObject *header = PyTuple_GET_ITEM(met, 0);
    const Py_ssize_t count = PyLong_AsSsize_t(PyTuple_GET_ITEM(met, 1)), start = PyBytes_GET_SIZE(header);
    if (count == -1 && PyErr_Occurred()) return NULL;
    const RecordLayout *records = (RecordLayout *)PyTuple_GET_ITEM(met, 2);
    const Py_ssize_t size = PyBytes_GET_SIZE(octets);
    const uint8_t *first = (const uint8_t *)PyBytes_AS_STRING(octets);
    if (count < 0 || start > size || count > (size - start) / records->octets) return NULL;
    if (memcmp(first, PyBytes_AS_STRING(header), start) != 0 || !records_hold(records, first + start, count)) return NULL;
    return make_array(kind, PyTuple_GET_ITEM(met, 3), octets, start, count);
}

PyObject *find_array(PyObject *module, PyObject *const *arguments, Py_ssize_t given) {
    if (given != 3 || !PyDict_Check(arguments[0]) || !PyType_Check(arguments[1]) || !PyBytes_Check(arguments[2]) ||
        !PyType_IsSubtype((PyTypeObject *)arguments[1], &RecordArrayType)) {
        PyErr_SetString(PyExc_TypeError, "expected what was met, a kind of array and octets");
        return NULL;
    }
    PyObject *size = PyLong_FromSsize_t(PyBytes_GET_SIZE(arguments[2]));
    if (size == NULL) return NULL;
    PyObject *met = PyDict_GetItemWithError(arguments[0], size), *array = NULL;
    Py_DECREF(size);
    if (met != NULL) {
        Py_INCREF(met);
        array = array_like(met, arguments[2], (PyTypeObject *)arguments[1]);
        Py_DECREF(met);
    }
    if (array == NULL && !PyErr_Occurred()) Py_RETURN_NONE;
    return array;
}
