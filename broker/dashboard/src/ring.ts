// The last `most` of what came, in order: its memory is bounded, however much comes.
export class Ring<T> {
  private items: T[] = [];
  private first = 0;
  total = 0; // that came since it was empty

  constructor(readonly most: number) {}

  get size(): number {
    return this.items.length;
  }

  push(item: T): void {
    ++this.total;
    if (this.items.length < this.most) {
      this.items.push(item);
    } else {
      this.items[this.first] = item;
      this.first = (this.first + 1) % this.most;
    }
  }

  // From the newest; 0 is the last that came.
  newest(back: number): T | undefined {
    if (back >= this.items.length) return undefined;
    return this.items[(this.first + this.items.length - 1 - back) % this.items.length];
  }

  clear(): void {
    this.items = [];
    this.first = 0;
    this.total = 0;
  }
}
