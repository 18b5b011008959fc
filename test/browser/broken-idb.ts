/** As in a private window of a browser that keeps no databases there. Imported before what uses them. */
Object.defineProperty(IDBFactory.prototype, "open", {
  value: () => {
    throw new DOMException("a mutation was attempted on a database that did not allow mutations", "InvalidStateError");
  },
});
