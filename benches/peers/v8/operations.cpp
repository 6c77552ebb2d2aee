/* V8's C++ API for the operations that it has a counterpart of. HandleScope stands for scopes,
 * Local for scoped roots, Global for manual roots, and External for externrefs. A struct of two is
 * an object with two internal fields, or with two properties.
 *
 * The first argument is `fields` or `properties`. The others are those of run_operations(). */
#include "../../measure.h"

#include <libplatform/libplatform.h>
#include <unistd.h>
#include <v8.h>

#include <vector>

using v8::Array;
using v8::External;
using v8::Global;
using v8::HandleScope;
using v8::Int32;
using v8::Integer;
using v8::Isolate;
using v8::Local;
using v8::Object;
using v8::ObjectTemplate;
using v8::String;
using v8::Value;

/* The parts of a struct. */
enum { NUMBER, REFERENCE, PARTS };

static Isolate *isolate;
static v8::Isolate::CreateParams parameters;
/* All live in the outermost scope. */
static Local<v8::Context> context;
static Local<ObjectTemplate> pair_template;
static Local<String> names[PARTS];
static Local<Object> pair;
static Local<External> object;
static Local<Array> elements;
static Local<v8::Function> function;
static Global<External> manual;
static uint64_t data;

/* Runs BODY `count` times, 256 times in each scope. */
#define IN_SCOPES(BODY)                         \
  while (count > 0) {                           \
    uint64_t batch = count < 256 ? count : 256; \
    HandleScope scope(isolate);                 \
    count -= batch;                             \
    while (batch-- > 0) {                       \
      BODY;                                     \
    }                                           \
  }

static void call_empty(uint64_t count) {
  while (count-- > 0) KEEP(v8::V8::GetVersion());
}

/* --- Scopes and roots ------------------------------------------------------------ */

static void scope_of_locals(uint64_t count, int locals) {
  while (count-- > 0) {
    HandleScope scope(isolate);
    for (int i = 0; i < locals; i++) KEEP(*Local<External>::New(isolate, object));
    KEEP(&scope);
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

static void scope_escape(uint64_t count) {
  IN_SCOPES(v8::EscapableHandleScope inner(isolate); KEEP(*inner.Escape(object)))
}

static void root_push(uint64_t count) {
  IN_SCOPES(KEEP(*Local<External>::New(isolate, manual)))
}

static void local_new(uint64_t count) {
  IN_SCOPES(KEEP(*Local<External>::New(isolate, object)))
}

static void read_scoped(uint64_t count) {
  while (count-- > 0) KEEP(object->Value());
}

/* A global is read through a local. */
static void read_manual(uint64_t count) {
  IN_SCOPES(KEEP(manual.Get(isolate)->Value()))
}

static void manual_root_unroot(uint64_t count) {
  while (count-- > 0) {
    Global<External> root(isolate, object);
    KEEP(&root);
  }
}

/* A thousand at a time are made, and ended in the same order. */
static void manual_batch_1000(uint64_t count) {
  static std::vector<Global<External>> roots(1000);
  while (count > 0) {
    uint64_t batch = count < roots.size() ? count : roots.size();
    count -= batch;
    for (uint64_t i = 0; i < batch; i++) roots[i].Reset(isolate, object);
    for (uint64_t i = 0; i < batch; i++) roots[i].Reset();
  }
}

/* A random one of 65,536 globals ends and is made again. */
static void manual_churn(uint64_t count) {
  static std::vector<Global<External>> roots;
  static uint32_t random = 12345;
  if (roots.empty()) {
    roots.resize(1 << 16);
    for (Global<External> &root : roots) root.Reset(isolate, object);
  }
  while (count-- > 0) {
    random = random * 1664525u + 1013904223u;
    roots[random >> 16].Reset();
    roots[random >> 16].Reset(isolate, object);
  }
}

/* --- Host objects ---------------------------------------------------------------- */

static void externref_new(uint64_t count) {
  IN_SCOPES(KEEP(*External::New(isolate, &data)))
}

static void scope_of_externrefs(uint64_t count, int externrefs) {
  while (count-- > 0) {
    HandleScope scope(isolate);
    for (int i = 0; i < externrefs; i++) KEEP(*External::New(isolate, &data));
  }
}

static void externref_in_scope(uint64_t count) {
  scope_of_externrefs(count, 1);
}

static void scope_10_externrefs(uint64_t count) {
  scope_of_externrefs(count, 10);
}

static void finalizer(const v8::WeakCallbackInfo<Global<External>> &info) {
  info.GetParameter()->Reset();
  delete info.GetParameter();
}

static void externref_new_finalized(uint64_t count) {
  IN_SCOPES(Global<External> *weak = new Global<External>(isolate, External::New(isolate, &data));
            weak->SetWeak(weak, finalizer, v8::WeakCallbackType::kParameter))
}

static void store_new_free(uint64_t count) {
  while (count-- > 0) Isolate::New(parameters)->Dispose();
}

/* --- Objects --------------------------------------------------------------------- */

struct Fields {
  static Local<Value> get(Local<Object> of, int part) {
    return of->GetInternalField(part).As<Value>();
  }
  static void set(Local<Object> of, int part, Local<Value> value) {
    of->SetInternalField(part, value);
  }
};

struct Properties {
  static Local<Value> get(Local<Object> of, int part) {
    return of->Get(context, names[part]).ToLocalChecked();
  }
  static void set(Local<Object> of, int part, Local<Value> value) {
    of->Set(context, names[part], value).Check();
  }
};

static Local<Object> new_pair() {
  return pair_template->NewInstance(context).ToLocalChecked();
}

template <typename Parts>
static void struct_new(uint64_t count) {
  IN_SCOPES(Local<Object> made = new_pair(); Parts::set(made, NUMBER, Integer::New(isolate, 1));
            Parts::set(made, REFERENCE, pair))
}

static void struct_new_default(uint64_t count) {
  IN_SCOPES(KEEP(*new_pair()))
}

template <typename Parts>
static void struct_get(uint64_t count) {
  IN_SCOPES(KEEP(Parts::get(pair, NUMBER).template As<Int32>()->Value()))
}

template <typename Parts>
static void struct_set(uint64_t count) {
  IN_SCOPES(Parts::set(pair, NUMBER, Integer::New(isolate, 1)))
}

template <typename Parts>
static void struct_get_ref(uint64_t count) {
  IN_SCOPES(KEEP(*Parts::get(pair, REFERENCE)))
}

template <typename Parts>
static void struct_set_ref(uint64_t count) {
  while (count-- > 0) Parts::set(pair, REFERENCE, pair);
}

static void array_new_fixed_2(uint64_t count) {
  Local<Value> values[2] = {pair, pair};
  IN_SCOPES(KEEP(*Array::New(isolate, values, 2)))
}

static void array_get(uint64_t count) {
  IN_SCOPES(KEEP(elements->Get(context, 5).ToLocalChecked().As<Int32>()->Value()))
}

static void array_set(uint64_t count) {
  IN_SCOPES(elements->Set(context, 5, Integer::New(isolate, 1)).Check())
}

static void array_len(uint64_t count) {
  while (count-- > 0) KEEP(elements->Length());
}

/* --- Functions ------------------------------------------------------------------- */

static void answer_first(const v8::FunctionCallbackInfo<Value> &info) {
  info.GetReturnValue().Set(info[0]);
}

static void func_call(uint64_t count) {
  Local<Value> arguments[2] = {pair, pair};
  IN_SCOPES(KEEP(*function->Call(context, pair, 2, arguments).ToLocalChecked()))
}

/* --- The program ----------------------------------------------------------------- */

typedef std::vector<struct operation> operations;

template <typename Parts>
static operations of_structs() {
  return {{"struct_new", struct_new<Parts>},         {"struct_new_default", struct_new_default},
          {"struct_get", struct_get<Parts>},         {"struct_set", struct_set<Parts>},
          {"struct_get_ref", struct_get_ref<Parts>}, {"struct_set_ref", struct_set_ref<Parts>}};
}

static const operations others = {{"call_empty", call_empty},
                                  {"scope_enter_exit", scope_enter_exit},
                                  {"scope_1_local", scope_1_local},
                                  {"scope_10_locals", scope_10_locals},
                                  {"scope_escape", scope_escape},
                                  {"root_push", root_push},
                                  {"local_new", local_new},
                                  {"read_scoped", read_scoped},
                                  {"read_manual", read_manual},
                                  {"manual_root_unroot", manual_root_unroot},
                                  {"manual_batch_1000", manual_batch_1000},
                                  {"externref_new", externref_new},
                                  {"externref_new_finalized", externref_new_finalized},
                                  {"externref_in_scope", externref_in_scope},
                                  {"scope_10_externrefs", scope_10_externrefs},
                                  {"store_new_free", store_new_free},
                                  {"array_new_fixed_2", array_new_fixed_2},
                                  {"array_get", array_get},
                                  {"array_set", array_set},
                                  {"array_len", array_len},
                                  {"func_call", func_call},
                                  {"manual_churn", manual_churn}};

static void make_template(bool has_fields) {
  static const char *const texts[PARTS] = {"number", "reference"};
  pair_template = ObjectTemplate::New(isolate);
  if (has_fields) pair_template->SetInternalFieldCount(PARTS);
  for (int part = 0; part < PARTS; part++) {
    names[part] = String::NewFromUtf8(isolate, texts[part], v8::NewStringType::kInternalized)
                      .ToLocalChecked();
    if (!has_fields) pair_template->Set(names[part], v8::Null(isolate));
  }
}

template <typename Parts>
static void make_objects() {
  pair = new_pair();
  Parts::set(pair, NUMBER, Integer::New(isolate, 7));
  Parts::set(pair, REFERENCE, pair);
  object = External::New(isolate, &data);
  manual.Reset(isolate, object);
  elements = Array::New(isolate, 10);
  for (uint32_t i = 0; i < 10; i++) elements->Set(context, i, Integer::New(isolate, 1)).Check();
  function = v8::Function::New(context, answer_first).ToLocalChecked();
}

static int run(int argc, char **argv) {
  const bool has_fields = strcmp(argv[0], "fields") == 0;
  Isolate::Scope of_isolate(isolate);
  HandleScope scope(isolate);
  context = v8::Context::New(isolate);
  v8::Context::Scope of_context(context);
  operations all = has_fields ? of_structs<Fields>() : of_structs<Properties>();
  if (has_fields) all.insert(all.end(), others.begin(), others.end());
  make_template(has_fields);
  has_fields ? make_objects<Fields>() : make_objects<Properties>();
  return run_operations(argc, argv, all.data(), all.size());
}

int main(int argc, char **argv) {
  std::unique_ptr<v8::Platform> platform = v8::platform::NewDefaultPlatform();
  int status;
  if (argc < 2) return 2;
  v8::V8::InitializePlatform(platform.get());
  v8::V8::Initialize();
  parameters.array_buffer_allocator = v8::ArrayBuffer::Allocator::NewDefaultAllocator();
  isolate = Isolate::New(parameters);
  status = run(argc - 1, argv + 1);
  fflush(stdout);
  /* The platform would wait for its threads. */
  _exit(status);
}
