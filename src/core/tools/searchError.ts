/** A search could not begin because of what was asked for. The message is for the model that asked. */
export class SearchError extends Error {
  override readonly name = 'SearchError';
}
