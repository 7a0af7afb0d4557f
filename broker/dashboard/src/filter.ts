// What of the exchanges is asked for, and what no exchange can be.
export interface Filter {
  host: string;
  machine: string;
  status: string;
  method: string;
}

const STATUS = /^[1-5](\d\d|xx)$/;
const HOST = /^((\*\.)?[\w-]+(\.[\w-]+)*|\[[\da-f:.]+\])$/i; // a name, those below one, an address

// By the field's name; nothing where all may be found.
export function wrongIn({ host, status }: Filter): Partial<Filter> {
  const wrong: Partial<Filter> = {};
  if (host && !HOST.test(host)) wrong.host = "a host is a whole name without port or path, or *.name for all below one";
  if (status && !STATUS.test(status)) wrong.status = "a status is one as 404, or a class as 5xx";
  return wrong;
}
