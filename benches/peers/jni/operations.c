/* Java's native interface, in HotSpot with its serial collector, for the operations that it has a
 * counterpart of. Local references stand for scoped roots, and global references for manual roots.
 *
 * The first argument is the folder of the class Pair. The others are those of run_operations(). */
#include "../../measure.h"

#include <jni.h>
#include <unistd.h>

/* Ends the program if a call was refused. */
#define MUST(condition)        \
  do {                         \
    if (!(condition)) abort(); \
  } while (0)

enum { BATCH = 256, LENGTH = 4096, CHURNED = 1 << 16 };

static JNIEnv *env;
static jclass class;
static jmethodID constructor;
static jfieldID first_field, reference_field;
static jobject pair;
static jbyteArray bytes;

/* Runs BODY `count` times, 256 times in each scope. */
#define IN_SCOPES(BODY)                             \
  while (count > 0) {                               \
    uint64_t batch = count < BATCH ? count : BATCH; \
    count -= batch;                                 \
    MUST((*env)->PushLocalFrame(env, BATCH) == 0);  \
    while (batch-- > 0) {                           \
      BODY;                                         \
    }                                               \
    (*env)->PopLocalFrame(env, NULL);               \
  }

static void call_empty(uint64_t count) {
  while (count-- > 0) KEEP((*env)->GetVersion(env));
}

static void scope_of_locals(uint64_t count, int locals) {
  while (count-- > 0) {
    MUST((*env)->PushLocalFrame(env, 16) == 0);
    for (int i = 0; i < locals; i++) KEEP((*env)->NewLocalRef(env, pair));
    (*env)->PopLocalFrame(env, NULL);
  }
}

static void scope_enter_exit(uint64_t count) {
  scope_of_locals(count, 0);
}

static void scope_1_local(uint64_t count) {
  scope_of_locals(count, 1);
}

static void scope_10_locals(uint64_t count) {
  scope_of_locals(count, 10);
}

static void local_new(uint64_t count) {
  IN_SCOPES(KEEP((*env)->NewLocalRef(env, pair)))
}

static void manual_root_unroot(uint64_t count) {
  while (count-- > 0) (*env)->DeleteGlobalRef(env, (*env)->NewGlobalRef(env, pair));
}

/* A thousand at a time are made, and ended in the same order. */
static void manual_batch_1000(uint64_t count) {
  enum { ROOTS = 1000 };
  static jobject roots[ROOTS];
  while (count > 0) {
    uint64_t batch = count < ROOTS ? count : ROOTS;
    count -= batch;
    for (uint64_t i = 0; i < batch; i++) roots[i] = (*env)->NewGlobalRef(env, pair);
    for (uint64_t i = 0; i < batch; i++) (*env)->DeleteGlobalRef(env, roots[i]);
  }
}

/* A random one of 65,536 global references ends and is made again. */
static void manual_churn(uint64_t count) {
  static jobject roots[CHURNED];
  static uint32_t random = 12345;
  if (roots[0] == NULL)
    for (int i = 0; i < CHURNED; i++) roots[i] = (*env)->NewGlobalRef(env, pair);
  while (count-- > 0) {
    random = random * 1664525u + 1013904223u;
    (*env)->DeleteGlobalRef(env, roots[random >> 16]);
    roots[random >> 16] = (*env)->NewGlobalRef(env, pair);
  }
}

/* By the constructor. */
static void struct_new(uint64_t count) {
  IN_SCOPES(jobject made = (*env)->NewObject(env, class, constructor); MUST(made != NULL))
}

/* Without it. */
static void struct_new_default(uint64_t count) {
  IN_SCOPES(jobject made = (*env)->AllocObject(env, class); MUST(made != NULL))
}

static void struct_get(uint64_t count) {
  while (count-- > 0) KEEP((*env)->GetIntField(env, pair, first_field));
}

static void struct_set(uint64_t count) {
  while (count-- > 0) (*env)->SetIntField(env, pair, first_field, 1);
}

static void struct_get_ref(uint64_t count) {
  IN_SCOPES(KEEP((*env)->GetObjectField(env, pair, reference_field)))
}

static void struct_set_ref(uint64_t count) {
  while (count-- > 0) (*env)->SetObjectField(env, pair, reference_field, pair);
}

static void array_new_bytes_16(uint64_t count) {
  const jbyte contents[16] = {1, 2, 3};
  IN_SCOPES(jbyteArray made = (*env)->NewByteArray(env, 16); MUST(made != NULL);
            (*env)->SetByteArrayRegion(env, made, 0, 16, contents))
}

static void array_read(uint64_t count, jsize length) {
  jbyte read[LENGTH];
  while (count-- > 0) {
    (*env)->GetByteArrayRegion(env, bytes, 0, length, read);
    KEEP(read);
  }
}

static void array_read_16(uint64_t count) {
  array_read(count, 16);
}

static void array_read_4096(uint64_t count) {
  array_read(count, LENGTH);
}

static void array_len(uint64_t count) {
  while (count-- > 0) MUST((*env)->GetArrayLength(env, bytes) == LENGTH);
}

static const struct operation operations[] = {
    {"call_empty", call_empty},
    {"scope_enter_exit", scope_enter_exit},
    {"scope_1_local", scope_1_local},
    {"scope_10_locals", scope_10_locals},
    {"local_new", local_new},
    {"manual_root_unroot", manual_root_unroot},
    {"manual_batch_1000", manual_batch_1000},
    {"struct_new", struct_new},
    {"struct_new_default", struct_new_default},
    {"struct_get", struct_get},
    {"struct_set", struct_set},
    {"struct_get_ref", struct_get_ref},
    {"struct_set_ref", struct_set_ref},
    {"array_new_bytes_16", array_new_bytes_16},
    {"array_read_16", array_read_16},
    {"array_read_4096", array_read_4096},
    {"array_len", array_len},
    {"manual_churn", manual_churn},
};

static void start(const char *folder) {
  char path[4096];
  JavaVMOption options[3] = {{path, NULL}, {"-XX:+UseSerialGC", NULL}, {"-XX:-UsePerfData", NULL}};
  JavaVMInitArgs arguments = {JNI_VERSION_10, 3, options, JNI_FALSE};
  JavaVM *machine;
  MUST(snprintf(path, sizeof path, "-Djava.class.path=%s", folder) < (int)sizeof path);
  MUST(JNI_CreateJavaVM(&machine, (void **)&env, &arguments) == JNI_OK);
}

static void make_objects(void) {
  class = (*env)->FindClass(env, "Pair");
  MUST(class != NULL);
  constructor = (*env)->GetMethodID(env, class, "<init>", "()V");
  first_field = (*env)->GetFieldID(env, class, "first", "I");
  reference_field = (*env)->GetFieldID(env, class, "reference", "LPair;");
  MUST(constructor != NULL && first_field != NULL && reference_field != NULL);
  pair = (*env)->NewObject(env, class, constructor);
  MUST(pair != NULL);
  (*env)->SetObjectField(env, pair, reference_field, pair);
  bytes = (*env)->NewByteArray(env, LENGTH);
  MUST(bytes != NULL);
}

int main(int argc, char **argv) {
  int status;
  if (argc < 2) return 2;
  start(argv[1]);
  make_objects();
  status = run_operations(argc - 1, argv + 1, operations, sizeof operations / sizeof *operations);
  fflush(stdout);
  /* The machine would wait for its own threads. */
  _exit(status);
}
