/* The compiled shortcut of ferraris.dlms.push: a push as nearly all are, opened and decoded in one call.

   It holds no rule of its own. Whatever is not as nearly always (a size not met before, an unknown sender, another protection,
   a tag that does not hold, a layout not met before) makes it give None before anything has changed, and push.py takes the
   same octets its own way, with the errors that belong there. What it calls (the envelope, the finder of senders, AES-GCM, the
   layouts, the guard of counters) is what push.py calls, in the same order, but that a layout is tried before the guard is
   asked: octets whose tag holds. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#define TAG_OCTETS 12      /* of what is sent; AES-GCM makes four more */
#define FULL_TAG_OCTETS 16
#define PARTS 5            /* system title, security control, counter, sealed octets, tag */

static PyObject *name_keys, *name_guard, *name_accept, *name_encrypt, *name_both_aad, *name_both_control;

/* Whether two tags are the same, in a time that does not tell where they differ. */
static int same_tag(const uint8_t *one, const uint8_t *other) {
    volatile uint8_t differs = 0;
    for (int i = 0; i < TAG_OCTETS; i++) differs |= one[i] ^ other[i];
    return differs == 0;
}

/* encrypt(vector, text, aad): text and tag; NULL with an error, or without one where it is anything but octets of that size. */
static PyObject *encrypted(PyObject *encrypt, PyObject *vector, PyObject *text, PyObject *aad) {
    PyObject *arguments[] = {vector, text, aad};
    PyObject *made = PyObject_Vectorcall(encrypt, arguments, 3, NULL);
    if (made != NULL && (!PyBytes_Check(made) || PyBytes_GET_SIZE(made) != PyBytes_GET_SIZE(text) + FULL_TAG_OCTETS))
        Py_CLEAR(made);
    return made;
}

/* The plain text of `sealed`, a new reference. NULL without an error where the tag does not hold. */
static PyObject *opened(PyObject *keys, PyObject *title, PyObject *counter, PyObject *sealed, PyObject *tag) {
    PyObject *vector = NULL, *first = NULL, *again = NULL, *plain = NULL;
    PyObject *encrypt = PyObject_GetAttr(keys, name_encrypt), *aad = NULL;
    if (encrypt == NULL) return NULL;
    aad = PyObject_GetAttr(keys, name_both_aad);
    if (aad == NULL) goto done;
    const Py_ssize_t size = PyBytes_GET_SIZE(sealed);
    vector = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(title) + PyBytes_GET_SIZE(counter));
    if (vector == NULL) goto done;
    memcpy(PyBytes_AS_STRING(vector), PyBytes_AS_STRING(title), PyBytes_GET_SIZE(title));
    memcpy(PyBytes_AS_STRING(vector) + PyBytes_GET_SIZE(title), PyBytes_AS_STRING(counter), PyBytes_GET_SIZE(counter));
    first = encrypted(encrypt, vector, sealed, aad); /* a stream cipher: encrypting what is encrypted deciphers it */
    if (first == NULL) goto done;
    plain = PyBytes_FromStringAndSize(PyBytes_AS_STRING(first), size);
    if (plain == NULL) goto done;
    again = encrypted(encrypt, vector, plain, aad);
    if (again == NULL || !same_tag((const uint8_t *)PyBytes_AS_STRING(again) + size, (const uint8_t *)PyBytes_AS_STRING(tag)))
        Py_CLEAR(plain);
done:
    Py_DECREF(encrypt);
    Py_XDECREF(aad);
    Py_XDECREF(vector);
    Py_XDECREF(first);
    Py_XDECREF(again);
    return plain;
}

/* What the first of the layouts for so many octets makes of them. NULL without an error where none does. */
static PyObject *notification_in(PyObject *layouts, PyObject *plain) {
    PyObject *size = PyLong_FromSsize_t(PyBytes_GET_SIZE(plain));
    PyObject *tried = size == NULL ? NULL : PyDict_GetItemWithError(layouts, size);
    Py_XDECREF(size);
    if (tried == NULL || !PyList_Check(tried)) return NULL;
    PyObject *notification = NULL;
    Py_INCREF(tried);
    for (Py_ssize_t i = 0; notification == NULL && !PyErr_Occurred() && i < PyList_GET_SIZE(tried); i++) {
        PyObject *layout = Py_NewRef(PyList_GET_ITEM(tried, i));
        notification = PyObject_CallOneArg(layout, plain);
        Py_DECREF(layout);
        if (notification == Py_None) Py_CLEAR(notification);
    }
    Py_DECREF(tried);
    return notification;
}

/* The push whose parts these are. NULL without an error where it is not as nearly all are. */
static PyObject *received(PyObject *parts, PyObject *security, PyObject *layouts, PyTypeObject *kind) {
    PyObject *title = PyTuple_GET_ITEM(parts, 0), *counter = PyTuple_GET_ITEM(parts, 2);
    PyObject *plain = NULL, *notification = NULL, *value = NULL, *guard = NULL, *push = NULL, *accepted;
    PyObject *keys = PyObject_GetAttr(security, name_keys), *control;
    if (keys == NULL) return NULL;
    control = PyObject_GetAttr(keys, name_both_control);
    const int usual = control == NULL ? -1 : PyObject_RichCompareBool(control, PyTuple_GET_ITEM(parts, 1), Py_EQ);
    Py_XDECREF(control);
    if (usual <= 0) goto done;
    plain = opened(keys, title, counter, PyTuple_GET_ITEM(parts, 3), PyTuple_GET_ITEM(parts, 4));
    if (plain == NULL) goto done;
    notification = notification_in(layouts, plain);
    if (notification == NULL) goto done;
    uint32_t number = 0;
    for (Py_ssize_t i = 0; i < PyBytes_GET_SIZE(counter); i++) number = number << 8 | (uint8_t)PyBytes_AS_STRING(counter)[i];
    value = PyLong_FromUnsignedLong(number);
    guard = value == NULL ? NULL : PyObject_GetAttr(security, name_guard);
    if (guard == NULL) goto done;
    accepted = PyObject_CallMethodObjArgs(guard, name_accept, title, value, NULL);
    if (accepted == NULL) goto done;
    Py_DECREF(accepted);
    push = kind->tp_alloc(kind, 3);
    if (push == NULL) goto done;
    PyTuple_SET_ITEM(push, 0, Py_NewRef(title));
    PyTuple_SET_ITEM(push, 1, Py_NewRef(value));
    PyTuple_SET_ITEM(push, 2, Py_NewRef(notification));
done:
    Py_DECREF(keys);
    Py_XDECREF(plain);
    Py_XDECREF(notification);
    Py_XDECREF(value);
    Py_XDECREF(guard);
    return push;
}

static int are_parts(PyObject *parts) {
    if (!PyTuple_Check(parts) || PyTuple_GET_SIZE(parts) != PARTS) return 0;
    for (Py_ssize_t i = 0; i < PARTS; i++)
        if (i != 1 && !PyBytes_Check(PyTuple_GET_ITEM(parts, i))) return 0;
    return PyBytes_GET_SIZE(PyTuple_GET_ITEM(parts, 4)) == TAG_OCTETS;
}

static PyObject *receive_usual(PyObject *module, PyObject *const *arguments, Py_ssize_t given) {
    if (given != 5 || !PyBytes_Check(arguments[0]) || !PyDict_Check(arguments[1]) || !PyDict_Check(arguments[3]) ||
        !PyType_Check(arguments[4]) || !PyType_IsSubtype((PyTypeObject *)arguments[4], &PyTuple_Type)) {
        PyErr_SetString(PyExc_TypeError, "expected octets, envelopes, a finder of senders, layouts and a kind of tuple");
        return NULL;
    }
    PyObject *push = NULL, *parts = NULL, *security = NULL, *envelope;
    PyObject *size = PyLong_FromSsize_t(PyBytes_GET_SIZE(arguments[0]));
    if (size == NULL) return NULL;
    envelope = PyDict_GetItemWithError(arguments[1], size);
    Py_DECREF(size);
    if (envelope != NULL) {
        Py_INCREF(envelope);
        parts = PyObject_CallOneArg(envelope, arguments[0]);
        Py_DECREF(envelope);
    }
    if (parts != NULL && are_parts(parts)) {
        security = PyObject_CallOneArg(arguments[2], PyTuple_GET_ITEM(parts, 0));
        if (security != NULL && security != Py_None)
            push = received(parts, security, arguments[3], (PyTypeObject *)arguments[4]);
    }
    Py_XDECREF(parts);
    Py_XDECREF(security);
    if (push == NULL && !PyErr_Occurred()) Py_RETURN_NONE;
    return push;
}

static PyMethodDef functions[] = {
    {"receive_usual", (PyCFunction)(void (*)(void))receive_usual, METH_FASTCALL, "See ferraris.dlms.push."},
    {NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "ferraris.dlms._pushes",
    .m_doc = "The compiled shortcut of ferraris.dlms.push.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__pushes(void) {
    name_keys = PyUnicode_InternFromString("keys");
    name_guard = PyUnicode_InternFromString("guard");
    name_accept = PyUnicode_InternFromString("accept");
    name_encrypt = PyUnicode_InternFromString("encrypt");
    name_both_aad = PyUnicode_InternFromString("both_aad");
    name_both_control = PyUnicode_InternFromString("both_control");
    if (PyErr_Occurred()) return NULL;
    return PyModule_Create(&module);
}
