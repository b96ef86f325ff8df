; Go.
(function_declaration name: (identifier) @name) @definition.function
(method_declaration receiver: (parameter_list) @container name: (field_identifier) @name) @definition.method
(type_spec name: (type_identifier) @name type: (struct_type)) @definition.class
(type_spec name: (type_identifier) @name type: (interface_type)) @definition.interface
(type_spec name: (type_identifier) @name) @definition.type
(type_alias name: (type_identifier) @name) @definition.type
(source_file (const_declaration (const_spec name: (identifier) @name @definition.constant)))
(source_file (var_declaration (var_spec name: (identifier) @name @definition.variable)))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @name @definition.variable))))
(field_declaration name: (field_identifier) @name @definition.property)
(method_elem name: (field_identifier) @name) @definition.method

(import_spec name: (package_identifier) @import.name)
(import_spec path: (_) @import.from) @import

(comment) @comment
(interpreted_string_literal) @string
(raw_string_literal) @string
