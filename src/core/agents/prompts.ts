/**
 * Fills a prompt's {{placeholders}}. Values are put in as they are; a placeholder without a value throws, so that a
 * typing error in a prompt file never reaches a model.
 */
export function fillPrompt(template: string, values: Record<string, string>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) {
      throw new Error(
        `The prompt has a placeholder {{${name}}} that nothing fills; known: ${Object.keys(values).join(', ')}.`,
      );
    }
    return value;
  });
}
