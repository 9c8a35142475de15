/** A style sheet as it is. The name tells formatters the language. */
export function css({ raw }: TemplateStringsArray): string {
  return raw.join('')
}
