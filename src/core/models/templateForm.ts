import type { ModelRequest } from '../ports.ts';
import { ModelError } from './modelError.ts';
import { normalised } from './normalise.ts';
import { PLAINEST, traitsOf } from './traits.ts';

/** A request as a chat template takes it. */
export type FormedRequest = ModelRequest & {
  /** What the template is told beside the messages, by the names of its variables. */
  templateVariables?: Record<string, boolean>;
};

/** The form in which the model of one server takes messages: what its name lets expect, until its template refuses that. */
export interface TemplateForm {
  /** The request with its messages in that form. @param names what the model is called, and what stands behind that */
  of(request: ModelRequest, ...names: string[]): FormedRequest;
  /**
   * Sends a request. One that the template refuses was not worked on: it goes once more in the plainest form, and if
   * that is taken, so do all later ones.
   */
  send<T>(once: () => AsyncIterable<T>): AsyncGenerator<T>;
}

export function openTemplateForm(): TemplateForm {
  let isPlainest = false;
  return {
    of(request, ...names) {
      const { thinking } = request;
      const traits = isPlainest ? PLAINEST : traitsOf(...names);
      const formed = { ...request, messages: normalised(request.messages, traits, thinking) };
      const variable = traits.thinkingVariable;
      if (thinking === undefined || variable === undefined) return formed;
      return { ...formed, templateVariables: { [variable]: thinking === 'on' } };
    },
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
