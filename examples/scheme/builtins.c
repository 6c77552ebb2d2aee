/* Defines the builtins, and says which of them the compiler emits instructions for. */
#include "builtins.h"

#include "instructions.h"
#include "symbols.h"

static const struct builtin *const tables[] = {number_builtins, list_builtins,   string_builtins,
                                               table_builtins,  vector_builtins, port_builtins,
                                               control_builtins};
const struct builtin *builtins[400];

static const struct {
  const char *name;
  int operands;
  enum instruction instruction;
} inlined[] = {
    {"car", 1, INSTRUCTION_car},
    {"cdr", 1, INSTRUCTION_cdr},
    {"cadr", 1, INSTRUCTION_cadr},
    {"cddr", 1, INSTRUCTION_cddr},
    {"caar", 1, INSTRUCTION_caar},
    {"null?", 1, INSTRUCTION_is_null},
    {"pair?", 1, INSTRUCTION_is_pair},
    {"not", 1, INSTRUCTION_not},
    {"zero?", 1, INSTRUCTION_is_zero},
    {"cons", 2, INSTRUCTION_cons},
    {"eq?", 2, INSTRUCTION_is_eq},
    {"+", 2, INSTRUCTION_add},
    {"-", 2, INSTRUCTION_subtract},
    {"*", 2, INSTRUCTION_multiply},
    {"quotient", 2, INSTRUCTION_quotient},
    {"remainder", 2, INSTRUCTION_remainder},
    {"<", 2, INSTRUCTION_less},
    {">", 2, INSTRUCTION_greater},
    {"<=", 2, INSTRUCTION_less_equal},
    {">=", 2, INSTRUCTION_greater_equal},
    {"=", 2, INSTRUCTION_equal},
    {"set-car!", 2, INSTRUCTION_set_car},
    {"set-cdr!", 2, INSTRUCTION_set_cdr},
    {"vector-length", 1, INSTRUCTION_vector_length},
    {"string-length", 1, INSTRUCTION_string_length},
    {"vector-ref", 2, INSTRUCTION_vector_ref},
    {"vector-set!", 3, INSTRUCTION_vector_set},
    {"string-ref", 2, INSTRUCTION_string_ref},
    {"%record-ref", 3, INSTRUCTION_record_ref},
};

/* The forms that the compiler knows: those before `else` in the list of names, and delay-force. */
static void mark_forms(void) {
  for (int name = 0; name < NAME_else; name++)
    if (name != NAME_unquote && name != NAME_unquote_splicing && name != NAME_syntax_rules)
      set_field(symbol_named((enum name)name), 2, fixnum(name));
  set_field(symbol_named(NAME_delay_force), 2, fixnum(NAME_delay_force));
}

void builtins_open(void) {
  int32_t index = 0;
  for (size_t table = 0; table < sizeof tables / sizeof tables[0]; table++) {
    for (const struct builtin *b = tables[table]; b->name != NULL; b++, index++) {
      builtins[index] = b;
      push(new_primitive(index));
      const value symbol = intern_text(b->name);
      set_field(symbol, 1, pop());
    }
  }
  for (size_t i = 0; i < sizeof inlined / sizeof inlined[0]; i++) {
    const value symbol = intern_text(inlined[i].name);
    SYMBOL_AT(symbol)->inlined = (int32_t)inlined[i].instruction << 2 | inlined[i].operands;
  }
  mark_forms();
}
