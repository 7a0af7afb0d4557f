// A list that comes in pages, whole, as far as it may be long: who shows a part of one is to know it. Each page costs the
// broker a look at all rows.
const MOST_PAGES = 3;

export interface Pages<P> {
  pages: P[];
  whole: boolean;
}

export async function readPages<P extends { next: string | null }>(read: (cursor: string) => Promise<P>): Promise<Pages<P>> {
  const pages: P[] = [];
  let cursor: string | null = "";
  while (cursor !== null && pages.length < MOST_PAGES) {
    const page: P = await read(cursor);
    pages.push(page);
    cursor = page.next;
  }
  return { pages, whole: cursor === null };
}
