/*
 * Runs WebAssembly modules in a program of libgcroots. It is for examples and tests: no
 * part of the library, and not installed.
 *
 * The program lends its store, which may have several interpreters, and what a module
 * exports are handles of the library's, for gcroots_table_get(), gcroots_global_set(),
 * gcroots_func_call() and so on. All calls are made on the thread that owns the store.
 * They answer a status of gcroots.h or one of those here, and then
 * interpreter_last_error() has the reason; outputs are written only on success.
 *
 * Undefined: other pointers than NULL and what is asked for, an engine that is not the
 * store's, and a store that ends before its interpreters.
 */
#ifndef GCROOTS_INTERPRETER_H
#define GCROOTS_INTERPRETER_H

#include <gcroots.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A module's instance, and what runs it. */
typedef struct interpreter_t interpreter_t;

/* Statuses that gcroots.h does not have. gcroots_func_call() answers the first three. */
enum {
  /* The code trapped, or the start function threw. */
  INTERPRETER_TRAPPED = 1000,
  /* The interpreter has a fault. */
  INTERPRETER_PANICKED = 1001,
  /* The function's interpreter was freed. */
  INTERPRETER_GONE = 1002,
  /* What is given is no valid module. */
  INTERPRETER_BAD_MODULE = 1003,
  /* The module has imports, of which there are none. */
  INTERPRETER_NOT_LINKED = 1004,
  /* There is no export of this name and kind. */
  INTERPRETER_NO_EXPORT = 1005
};

/**
 * The message of this thread's last failure, of a function here or with a status of
 * those above (borrowed: valid until the next one). Never NULL.
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
 *         INTERPRETER_NOT_LINKED, INTERPRETER_TRAPPED, INTERPRETER_PANICKED, or what the
 *         library answered
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
 *                 call of the function answers INTERPRETER_GONE
 * \return GCROOTS_ERROR_INVALID_ARGUMENT for NULL, INTERPRETER_NO_EXPORT, or what the
 *         library answered
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
