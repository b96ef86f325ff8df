; C. Names are dug out of declarators by the reader, which also tells functions from variables.
(function_definition declarator: (_) @declarator) @definition.function
(declaration declarator: (_) @declarator) @definition.variable
(field_declaration declarator: (_) @declarator) @definition.property
(struct_specifier name: (type_identifier) @name body: (_)) @definition.class
(union_specifier name: (type_identifier) @name body: (_)) @definition.class
(enum_specifier name: (type_identifier) @name body: (_)) @definition.enum
(enumerator name: (identifier) @name) @definition.constant
(type_definition declarator: (_) @declarator) @definition.type
(preproc_def name: (identifier) @name) @definition.constant
(preproc_function_def name: (identifier) @name) @definition.function

(preproc_include path: (_) @import.from) @import

(comment) @comment
(string_literal) @string
(system_lib_string) @string
