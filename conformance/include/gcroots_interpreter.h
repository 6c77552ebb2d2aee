/*
 * Runs WebAssembly modules in a program that uses libgcroots. It is for examples and tests.
 * It is not part of the library and is not installed.
 *
 * The program lends its store, in which several interpreters may run. The exports of a
 * module are handles of the library, for gcroots_table_get(), gcroots_global_set(),
 * gcroots_func_call() and so on. All calls are made on the thread that owns the store. A
 * call returns a status of gcroots.h or of this header. After a failure
 * interpreter_last_error() has the reason. Outputs are written only on success.
 *
 * Undefined behaviour:
 *
 *   a pointer that is neither NULL nor a pointer to the object that is asked for
 *   an engine that is not the engine of the store
 *   a store that is deleted before its interpreters
 */
#ifndef GCROOTS_INTERPRETER_H
#define GCROOTS_INTERPRETER_H

#include <gcroots.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An instance of a module, and the interpreter that runs it. */
typedef struct interpreter_t interpreter_t;

/* Statuses that gcroots.h does not have. gcroots_func_call() may return the first three. */
enum {
  /* The code trapped, or the start function threw. */
  INTERPRETER_TRAPPED = 1000,
  /* The interpreter failed because of an error in its own code. */
  INTERPRETER_PANICKED = 1001,
  /* The function's interpreter was freed. */
  INTERPRETER_GONE = 1002,
  /* The bytes are not a valid module. */
  INTERPRETER_BAD_MODULE = 1003,
  /* The module has imports, and none can be given. */
  INTERPRETER_NOT_LINKED = 1004,
  /* The module has no export with this name and kind. */
  INTERPRETER_NO_EXPORT = 1005
};

/**
 * The message of this thread's last failure in a function of this header or with a status
 * of this header (borrowed: valid until the next failure). Never NULL.
 */
const char *interpreter_last_error(void);

/**
 * Makes an instance of a module that imports nothing, and runs its start function. May
 * collect.
 *
 * \param engine that of `store` (borrowed)
 * \param store (borrowed; it must outlive the interpreter)
 * \param wat_or_wasm text, or bytes that begin as a binary module does (borrowed)
 * \param length in bytes
 * \param[out] out the instance (owned); release it with interpreter_free()
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for NULL, INTERPRETER_BAD_MODULE,
 *         INTERPRETER_NOT_LINKED, INTERPRETER_TRAPPED, INTERPRETER_PANICKED, or a
 *         status of the library
 */
gcroots_status_t interpreter_module_new(gcroots_engine_t *engine, gcroots_store_t *store,
                                        const char *wat_or_wasm, size_t length,
                                        interpreter_t **out);

/**
 * An exported table. Never collects.
 *
 * \param[out] out (borrowed: do not free it) stale once the interpreter is freed
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for NULL, INTERPRETER_NO_EXPORT
 */
gcroots_status_t interpreter_table(const interpreter_t *interpreter, const char *name,
                                   gcroots_table_t *out);

/**
 * An exported global. Never collects.
 *
 * \param[out] out (borrowed: do not free it) stale once the interpreter is freed
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for NULL, INTERPRETER_NO_EXPORT
 */
gcroots_status_t interpreter_global(const interpreter_t *interpreter, const char *name,
                                    gcroots_global_t *out);

/**
 * An exported function. Never collects.
 *
 * \param[out] out a new handle of the current scope; once the interpreter is freed, a
 *                 call of the function returns INTERPRETER_GONE
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for NULL, INTERPRETER_NO_EXPORT, or a
 *         status of the library
 */
gcroots_status_t interpreter_func(const interpreter_t *interpreter, const char *name,
                                  gcroots_ref_t *out);

/**
 * Ends an instance, its tables and its globals. Never collects.
 *
 * \param interpreter (taken, nullable)
 */
void interpreter_free(interpreter_t *interpreter);

#ifdef __cplusplus
}
#endif

#endif /* GCROOTS_INTERPRETER_H */
