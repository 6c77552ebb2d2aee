/*
 * Runs WebAssembly modules in a program that uses libgcroots. It is for examples and tests:
 * it is not part of the library and is not installed.
 *
 * The program lends its store. One store may have several interpreters. A module's exports
 * are handles of the library, for gcroots_table_get(), gcroots_global_set(),
 * gcroots_func_call() and so on. Make all calls on the thread that owns the store.
 *
 * The functions return a status from gcroots.h or one of those below. After a failure,
 * interpreter_last_error() returns the reason. Outputs are written only on success.
 *
 * Undefined behaviour:
 * - a pointer that is neither NULL nor of the kind that the function asks for,
 * - an engine that is not the store's engine,
 * - a store that is deleted before its interpreters.
 */
#ifndef GCROOTS_INTERPRETER_H
#define GCROOTS_INTERPRETER_H

#include <gcroots.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An instance of a module, with its interpreter. */
typedef struct interpreter_t interpreter_t;

/* Statuses beyond those of gcroots.h. gcroots_func_call() may return the first three. */
enum {
  /* The code trapped, or the start function threw. */
  INTERPRETER_TRAPPED = 1000,
  /* The interpreter panicked: it has a bug. */
  INTERPRETER_PANICKED = 1001,
  /* The function's interpreter was freed. */
  INTERPRETER_GONE = 1002,
  /* The bytes are not a valid module. */
  INTERPRETER_BAD_MODULE = 1003,
  /* The module has imports, which are not supported. */
  INTERPRETER_NOT_LINKED = 1004,
  /* No export has this name and kind. */
  INTERPRETER_NO_EXPORT = 1005
};

/**
 * The message of this thread's last failure, of a function in this header or with one of the
 * statuses above (borrowed: valid until this thread's next failure). Never NULL.
 */
const char *interpreter_last_error(void);

/**
 * Makes an instance of a module without imports, and runs its start function. May collect.
 *
 * \param engine the engine of `store` (borrowed)
 * \param store (borrowed; it must outlive the interpreter)
 * \param wat_or_wasm the module as text, or in binary form (borrowed). It is taken for binary
 *                    if it begins with the bytes of a binary module.
 * \param length the number of its bytes
 * \param[out] out the instance (owned); release it with interpreter_free()
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for NULL, INTERPRETER_BAD_MODULE,
 *         INTERPRETER_NOT_LINKED, INTERPRETER_TRAPPED, INTERPRETER_PANICKED, or a status of
 *         the library
 */
gcroots_status_t interpreter_module_new(gcroots_engine_t *engine, gcroots_store_t *store,
                                        const char *wat_or_wasm, size_t length,
                                        interpreter_t **out);

/**
 * Returns an exported table. Never collects.
 *
 * \param[out] out the handle (borrowed: do not free it). It becomes stale when the
 *                 interpreter is freed.
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for NULL, INTERPRETER_NO_EXPORT
 */
gcroots_status_t interpreter_table(const interpreter_t *interpreter, const char *name,
                                   gcroots_table_t *out);

/**
 * Returns an exported global. Never collects.
 *
 * \param[out] out the handle (borrowed: do not free it). It becomes stale when the
 *                 interpreter is freed.
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for NULL, INTERPRETER_NO_EXPORT
 */
gcroots_status_t interpreter_global(const interpreter_t *interpreter, const char *name,
                                    gcroots_global_t *out);

/**
 * Returns an exported function. Never collects.
 *
 * \param[out] out a new handle in the current scope. After the interpreter is freed, calls of
 *                 the function return INTERPRETER_GONE.
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for NULL, INTERPRETER_NO_EXPORT, or a status of the
 *         library
 */
gcroots_status_t interpreter_func(const interpreter_t *interpreter, const char *name,
                                  gcroots_ref_t *out);

/**
 * Deletes an instance with its tables and globals. Never collects.
 *
 * \param interpreter (taken, nullable)
 */
void interpreter_free(interpreter_t *interpreter);

#ifdef __cplusplus
}
#endif

#endif /* GCROOTS_INTERPRETER_H */
