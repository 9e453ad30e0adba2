/** An error that the user can act on: its message is complete and is shown as it is, at the property where it names one. */
export class UserError extends Error {
  /** Path in the inputs of the resource at hand, such as `file` or `volumes.data`. */
  readonly property: string | undefined;

  constructor(message: string, property?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UserError";
    this.property = property;
  }
}
