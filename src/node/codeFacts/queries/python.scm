; Python. Functions of classes are made methods of, and names in capitals constants, by the reader.
(function_definition name: (identifier) @name) @definition.function
(class_definition name: (identifier) @name) @definition.class
(module (expression_statement (assignment left: (identifier) @name) @definition.variable))
(module (expression_statement (assignment left: (pattern_list (identifier) @name)) @definition.variable))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @definition.property)))
(type_alias_statement left: (type (identifier) @name)) @definition.type

(import_statement name: (dotted_name) @import.from @import)
(import_statement name: (aliased_import name: (dotted_name) @import.from alias: (identifier) @import.name) @import)
(import_from_statement module_name: (_) @import.from) @import
(import_from_statement name: (dotted_name) @import.name)
(import_from_statement name: (aliased_import name: (dotted_name) @import.name alias: (identifier) @import.name))

(comment) @comment
(string_content) @string
