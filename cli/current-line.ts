/** The line that a guest is printing, with all that a terminal is sent but carriage returns. */
export class CurrentLine {
  text = '';

  /** @param most characters that are kept: more than any prompt has */
  constructor(private readonly most: number) {}

  push(bytes: Uint8Array): void {
    const text = this.text + Buffer.from(bytes).toString('latin1').replaceAll('\r', '');
    this.text = text.slice(text.lastIndexOf('\n') + 1).slice(-this.most);
  }
}
