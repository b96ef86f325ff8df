/** Something the user has set cannot be used. The message names the file or variable, the key, the value and what was expected. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
