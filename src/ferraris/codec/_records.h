/* What the sources of ferraris.codec._records know of one another. */

#ifndef FERRARIS_RECORDS_H
#define FERRARIS_RECORDS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

/* The instants that the octets of date-times mean. */
typedef struct Instants Instants;

typedef struct {
    char code;
    Py_ssize_t offset;
    Py_ssize_t octets;
} Field;

/* Where the fields of a record stand. */
typedef struct {
    PyObject_HEAD
    Py_ssize_t octets;
    Py_ssize_t count;
    Field *fields;
    uint8_t *fixed;
    uint8_t *mask;
    Instants *instants;
    PyTypeObject *kind; /* NULL: a record unpacks to a plain tuple of its fields */
    PyObject *last;
    Py_ssize_t leading;
} RecordLayout;

/* Records of one form that stand one after another in octets, which are bytes. */
typedef struct {
    PyObject_HEAD
    PyObject *layout;
    PyObject *octets;
    Py_ssize_t start;
    Py_ssize_t count;
} RecordArray;

extern PyTypeObject RecordLayoutType;
extern PyTypeObject RecordArrayType;

/* Whether `count` records have the octets that all must have. The caller has held the count against the octets. */
int records_hold(const RecordLayout *layout, const uint8_t *records, Py_ssize_t count);

/* The function of the module: see ferraris.codec.records. */
PyObject *find_array(PyObject *module, PyObject *const *arguments, Py_ssize_t given);

#endif
