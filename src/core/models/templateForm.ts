import type { ModelRequest } from '../ports.ts';
import { ModelError } from './modelError.ts';
import { normalised } from './normalise.ts';
import { PLAINEST, traitsOf } from './traits.ts';

/** The form in which the model of one server takes messages: what its name lets expect, until its template refuses that. */
export interface TemplateForm {
  /** The request with its messages in that form. @param names what the model is called, and what stands behind that */
  of(request: ModelRequest, ...names: string[]): ModelRequest;
  /**
   * Sends a request. One that the template refuses was not worked on: it goes once more in the plainest form, and if
   * that is taken, so do all later ones.
   */
  send<T>(once: () => AsyncIterable<T>): AsyncGenerator<T>;
}

export function openTemplateForm(): TemplateForm {
  let isPlainest = false;
  return {
    of: (request, ...names) => ({
      ...request,
      messages: normalised(request.messages, isPlainest ? PLAINEST : traitsOf(...names), request.thinking),
    }),
    send: async function* (once) {
      try {
        yield* once();
      } catch (error) {
        if (isPlainest || !isRefusedByTemplate(error)) throw error;
        isPlainest = true;
        try {
          yield* once();
        } catch (again) {
          // Then the form was not to blame.
          if (isRefusedByTemplate(again)) isPlainest = false;
          throw again;
        }
      }
    },
  };
}

function isRefusedByTemplate(error: unknown): boolean {
  return error instanceof ModelError && error.failure.kind === 'badRequest' && error.failure.template === true;
}
