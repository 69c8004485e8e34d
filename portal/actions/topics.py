"""Which mail a contact wants: the notification topics, for e-mail-only contacts too (C11, C34)."""

from portal.audit import Changes
from portal.models import TOPICS, Contact, ContactTopic


def choose_topics(contact: Contact, topics: frozenset[str]) -> Changes:
    """Make `topics` what `contact` wants mail about; return what changed, for the activity.

    Nobody gets mail they did not ask for, so a new contact has none. What is about the person alone, such as
    an invitation or news of the own work order, comes in any case.
    """
    before = contact.topics
    if before == topics:
        return {}
    for link in list(contact.topic_links):
        if link.topic not in topics:
            contact.topic_links.remove(link)
    for topic in sorted(topics - before):
        contact.topic_links.append(ContactTopic(company_id=contact.company_id, topic=topic))
    return {"E-mail about": (_in_order(before), _in_order(topics))}


def _in_order(topics: frozenset[str]) -> str:
    return ", ".join(topic for topic in TOPICS if topic in topics)
