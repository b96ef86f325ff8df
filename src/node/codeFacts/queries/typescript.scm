; TypeScript.
(function_signature name: (identifier) @name) @definition.function
(class_declaration name: (type_identifier) @name) @definition.class
(abstract_class_declaration name: (type_identifier) @name) @definition.class
(interface_declaration name: (type_identifier) @name) @definition.interface
(type_alias_declaration name: (type_identifier) @name) @definition.type
(enum_declaration name: (identifier) @name) @definition.enum
(enum_body name: (property_identifier) @name @definition.constant)
(enum_assignment name: (property_identifier) @name) @definition.constant
(internal_module name: (_) @name) @definition.module
(module name: (_) @name) @definition.module
(abstract_method_signature name: (_) @name) @definition.method
(interface_body (method_signature name: (_) @name) @definition.method)
(class_body (method_signature name: (_) @name) @definition.method)
(type_alias_declaration value: (object_type (method_signature name: (_) @name) @definition.method))
(public_field_definition name: (_) @name value: [(arrow_function) (function_expression)]) @definition.method
(public_field_definition name: (_) @name) @definition.property
(interface_body (property_signature name: (_) @name) @definition.property)
(type_alias_declaration value: (object_type (property_signature name: (_) @name) @definition.property))
(internal_module body: (statement_block (export_statement
  (lexical_declaration (variable_declarator name: (identifier) @name) @definition.constant))))
(ambient_declaration (lexical_declaration (variable_declarator name: (identifier) @name) @definition.constant))
(ambient_declaration (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable))
(import_require_clause (identifier) @import.name source: (string (string_fragment) @import.from)) @import
(function_declaration name: (_) @name) @definition.function
(generator_function_declaration name: (_) @name) @definition.function
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression) (generator_function)]) @definition.function
(variable_declarator name: (identifier) @name value: (class)) @definition.class
(method_definition name: (_) @name) @definition.method
(pair key: (property_identifier) @name value: [(arrow_function) (function_expression) (generator_function)]) @definition.method
(assignment_expression
  left: (member_expression property: (property_identifier) @name)
  right: [(arrow_function) (function_expression) (generator_function)]) @definition.function

; What a file declares for itself: nothing that stands in a function.
(program (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name) @definition.constant))
(program (lexical_declaration (variable_declarator name: (identifier) @name) @definition.variable))
(program (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable))
(program (lexical_declaration
  (variable_declarator name: (object_pattern (shorthand_property_identifier_pattern) @name)) @definition.variable))
(program (export_statement
  (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name) @definition.constant)))
(program (export_statement
  (lexical_declaration (variable_declarator name: (identifier) @name) @definition.variable)))
(program (export_statement
  (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable)))
(program (export_statement (lexical_declaration
  (variable_declarator name: (object_pattern (shorthand_property_identifier_pattern) @name)) @definition.variable)))

(import_statement source: (string (string_fragment) @import.from)) @import
(import_clause (identifier) @import.name)
(namespace_import (identifier) @import.name)
(import_specifier name: (_) @import.name)
(import_specifier alias: (_) @import.name)
(export_statement source: (string (string_fragment) @import.from)) @import
(export_statement (export_clause (export_specifier name: (_) @import.name)) source: (_))
(variable_declarator
  name: [
    (identifier) @import.name
    (object_pattern (shorthand_property_identifier_pattern) @import.name)
    (object_pattern (pair_pattern key: (_) @import.name value: (identifier) @import.name))
  ]
  value: (call_expression function: (identifier) @_require arguments: (arguments (string (string_fragment) @import.from)))
  (#eq? @_require "require")) @import
(call_expression function: (import) arguments: (arguments (string (string_fragment) @import.from))) @import

(export_statement (export_clause (export_specifier name: (_) @exported)) !source)
(export_statement value: (identifier) @exported)
(assignment_expression left: (member_expression) @_left right: (object (shorthand_property_identifier) @exported)
  (#eq? @_left "module.exports"))
(assignment_expression left: (member_expression) @_left right: (identifier) @exported (#eq? @_left "module.exports"))

(comment) @comment
(string_fragment) @string
(regex_pattern) @string
